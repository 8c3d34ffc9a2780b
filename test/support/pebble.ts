/**
 * Debian's pebble, a certificate authority for tests (RFC 8555), on loopback: it rejects every fifth nonce, and finds every
 * name at 127.0.0.1.
 */
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { findCommand } from '../bench/children.js';
import { localCertificate } from './edge-certificates.js';
import { freePort, Program } from './processes.js';
import { temporaryFolder } from './temporary-folder.js';

/** For `describe(name, { skip: pebbleMissing() }, ...)`: false, or why a test with pebble cannot run here. */
export function pebbleMissing(): string | false {
  return findCommand('pebble') === undefined ? 'no pebble here: "apt-get install pebble" brings it' : false;
}

export interface PebbleOptions {
  /** Where it looks for proofs of HTTP-01 and TLS-ALPN-01. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  /** Where it asks for TXT records, instead of a DNS server that knows every name. */
  readonly dnsServer?: string;
  /** It takes accounts only that are bound to this one: what it calls the key, and the key in base64url. */
  readonly externalAccount?: { readonly kid: string; readonly key: string };
}

export interface Pebble {
  readonly directory: string;
  /** What `NODE_EXTRA_CA_CERTS` needs to reach it. */
  readonly certificatePath: string;
  /** `fetch` for a process that was not started with it. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The certificate at the root of those that it issues, PEM. */
  root(): Promise<string>;
  /** The HTTP API of its DNS server: `set-txt`, `clear-txt`. */
  readonly dnsManagement: string;
  close(): Promise<void>;
}

export async function startPebble({ httpPort, tlsPort, dnsServer, externalAccount }: PebbleOptions): Promise<Pebble> {
  const folder = temporaryFolder('pebble');
  const { certificatePath, keyPath, certificate } = await localCertificate(folder);
  const [port, managementPort, dnsPort, dnsManagementPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const config = join(folder, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: certificatePath,
    privateKey: keyPath,
    httpPort: httpPort ?? 1,
    tlsPort: tlsPort ?? 1,
    ocspResponderURL: '',
    externalAccountBindingRequired: externalAccount !== undefined,
    externalAccountMACKeys: externalAccount && { [externalAccount.kid]: externalAccount.key },
  };
  writeFileSync(config, JSON.stringify({ pebble }));
  const dns = new Program({
    name: 'pebble-challtestsrv',
    command: 'pebble-challtestsrv',
    script: '-defaultIPv6',
    args: [
      '',
      '-defaultIPv4',
      '127.0.0.1',
      '-dns01',
      `127.0.0.1:${dnsPort}`,
      '-http01',
      '',
      '-https01',
      '',
      '-tlsalpn01',
      '',
    ].concat(['-management', `127.0.0.1:${dnsManagementPort}`]),
  });
  const program = new Program({
    name: 'pebble',
    command: 'pebble',
    script: '-config',
    args: [config, '-strict=true', '-dnsserver', dnsServer ?? `127.0.0.1:${dnsPort}`],
    env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
  });
  await program.line((line) => line.includes('Listening on'));
  return {
    directory: `https://localhost:${port}/dir`,
    certificatePath,
    root: async () => (await fetchTrusting(certificate, `https://localhost:${managementPort}/roots/0`, {})).text(),
    dnsManagement: `http://127.0.0.1:${dnsManagementPort}`,
    fetch: (url, init) => fetchTrusting(certificate, url, init),
    close: async () => {
      await Promise.all([program.kill(), dns.kill()]);
    },
  };
}

// The built-in `fetch` takes no certificate of an authority while a process runs.
function fetchTrusting(
  ca: string,
  url: string,
  { method = 'GET', headers, body, signal }: RequestInit,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      ca,
      headers: headers as Record<string, string>,
      signal: signal ?? undefined,
      agent: false as const,
    };
    const sent = request(url, options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const found = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const status = response.statusCode ?? 0;
      resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers: found }));
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}
