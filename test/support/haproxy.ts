/** Debian's HAProxy with the configuration of `docs/reverse-proxies.md`, moved to the ports and the certificate of a test. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from '../bench/children.js';
import { Program } from './processes.js';
import { PROJECT_ROOT } from './project-root.js';
import { CERTIFICATE_PATH, type TlsFront } from './tls-front.js';

const DOCUMENT = join(PROJECT_ROOT, 'docs', 'reverse-proxies.md');

/** For `describe(name, { skip: haproxyMissing() }, ...)`: false, or why a test with HAProxy cannot run here. */
export function haproxyMissing(): string | false {
  return findCommand('haproxy') === undefined ? 'no HAProxy here: "apt-get install haproxy" brings it' : false;
}

/** Ends TLS on a port of 127.0.0.1 in front of an edge. */
export async function startHaproxy(port: number, edgePort: number): Promise<TlsFront> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-haproxy-'));
  const both = join(folder, 'both.pem');
  const key = join(CERTIFICATE_PATH, '..', 'key.pem');
  writeFileSync(both, readFileSync(CERTIFICATE_PATH, 'utf8') + readFileSync(key, 'utf8'));
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(path, moved(documented(), port, edgePort, both));
  const program = new Program({
    name: 'haproxy',
    command: findCommand('haproxy') ?? 'haproxy',
    script: '-W',
    args: ['-f', path],
  });
  const close = async () => {
    await program.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  await program.complaint('Loading success').catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { close };
}

function documented(): string {
  const block = /```haproxy\n(.*?)```/s.exec(readFileSync(DOCUMENT, 'utf8'))?.[1];
  if (block === undefined) throw new Error(`${DOCUMENT} has no haproxy block`);
  return block;
}

// Nothing but ports and the certificate is changed.
function moved(text: string, port: number, edgePort: number, certificate: string): string {
  return text
    .replace('bind :443 ssl crt /etc/ssl/tunnel.example.com.pem', `bind 127.0.0.1:${port} ssl crt ${certificate}`)
    .replace('127.0.0.1:8080', `127.0.0.1:${edgePort}`);
}
