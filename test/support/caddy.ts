/** Debian's Caddy with the project's own `config/Caddyfile`, moved to the ports and the certificate of a test. */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './processes.js';
import { PROJECT_ROOT } from './project-root.js';
import { CERTIFICATE_PATH, TLS_DOMAIN, type TlsFront } from './tls-front.js';

const CADDY = '/usr/bin/caddy';

export const CADDYFILE = join(PROJECT_ROOT, 'config', 'Caddyfile');

/** For `test(name, { skip: caddyMissing() }, ...)`: false, or why a test with Caddy cannot run here. */
export function caddyMissing(): string | false {
  try {
    accessSync(CADDY, constants.X_OK);
    return false;
  } catch {
    return 'no Caddy here: "apt-get install caddy" brings it'; // the usual case
  }
}

/** Runs one of Caddy's commands. */
export function caddy(command: string, args: readonly string[]): Program {
  return new Program({ name: `caddy ${command}`, command: CADDY, script: command, args });
}

/**
 * Runs the block of `docs/reverse-proxies.md` that obtains a certificate for each name an edge serves, from an authority of
 * Caddy's own.
 */
export async function startCaddyOnDemand(port: number, edgePort: number, adminPort: number): Promise<TlsFront> {
  const document = readFileSync(join(PROJECT_ROOT, 'docs', 'reverse-proxies.md'), 'utf8');
  const block = /```caddyfile\n(.*?)```/s.exec(document)?.[1];
  if (block === undefined) throw new Error('docs/reverse-proxies.md has no caddyfile block');
  return runCaddy((folder) =>
    block
      .replace(
        '{\n',
        `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tstorage file_system ${folder}\n`,
      )
      .replace('https:// {', `https://:${port} {`)
      .replace('on_demand\n', 'on_demand\n\t\tissuer internal\n')
      .replace('127.0.0.1:9090', `127.0.0.1:${adminPort}`)
      .replace('127.0.0.1:8080', `127.0.0.1:${edgePort}`),
  );
}

/** Ends TLS on a port of 127.0.0.1 for `tunnel.test` and `demo.tunnel.test`, in front of an edge. */
export function startCaddy(port: number, edgePort: number): Promise<TlsFront> {
  return runCaddy((folder) => moved(readFileSync(CADDYFILE, 'utf8'), port, edgePort, folder));
}

async function runCaddy(configuration: (folder: string) => string): Promise<TlsFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-caddy-'));
  const path = join(folder, 'Caddyfile');
  writeFileSync(path, configuration(folder));
  const program = caddy('run', ['--config', path, '--adapter', 'caddyfile']);
  const close = async () => {
    await program.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  await program.complaint('serving initial configuration').catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { close };
}

// Nothing but names, ports, the certificate and what Caddy would otherwise keep in the system is changed.
function moved(text: string, port: number, edgePort: number, folder: string): string {
  const certificate = `tls ${CERTIFICATE_PATH} ${join(CERTIFICATE_PATH, '..', 'key.pem')}`;
  const site = text
    .replaceAll(/^((?!#).*)tunnel\.example\.com, demo\.tunnel\.example\.com \{$/gm, (_, before: string) => {
      return `${before}https://${TLS_DOMAIN}:${port}, https://demo.${TLS_DOMAIN}:${port} {\n\t${certificate}`;
    })
    .replace(/^(\treverse_proxy 127\.0\.0\.1:)8080$/m, `$1${edgePort}`);
  return `{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system ${folder}\n}\n${site}`;
}
