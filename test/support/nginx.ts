/** Debian's nginx with the configuration of `docs/reverse-proxies.md`, moved to the ports and the certificate of a test. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from '../bench/children.js';
import { freePort, Program } from './processes.js';
import { PROJECT_ROOT } from './project-root.js';
import { CERTIFICATE_PATH, TLS_DOMAIN, type TlsFront } from './tls-front.js';

const DOCUMENT = join(PROJECT_ROOT, 'docs', 'reverse-proxies.md');

/** For `test(name, { skip: nginxMissing() }, ...)`: false, or why a test with nginx cannot run here. */
export function nginxMissing(): string | false {
  return findCommand('nginx') === undefined ? 'no nginx here: "apt-get install nginx" brings it' : false;
}

export interface Nginx extends TlsFront {
  /** Resolves once nginx, with the limits that are not of the documented block, has closed a silent connection. */
  closedSilence(): Promise<void>;
}

/** Ends TLS on a port of 127.0.0.1 for `tunnel.test` and what is below it, in front of an edge. */
export async function startNginx(port: number, edgePort: number): Promise<Nginx> {
  const silent = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const otherPort = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'postern-nginx-'));
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    wrapped(moved(documented(), port, edgePort), folder, (silent.address() as AddressInfo).port, otherPort),
  );
  const program = new Program({
    name: 'nginx',
    command: findCommand('nginx') ?? 'nginx',
    script: '-p',
    args: [folder, '-c', path, '-e', 'stderr'],
  });
  const close = async () => {
    await program.kill();
    silent.close();
    rmSync(folder, { recursive: true, force: true });
  };
  await program.complaint('event method').catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const closedSilence = async () => {
    const { status } = await fetch(`http://127.0.0.1:${otherPort}/`);
    if (status !== 504) throw new Error(`nginx answered ${status} where it should have given up`);
  };
  return { close, closedSilence };
}

function documented(): string {
  const block = /```nginx\n(.*?)```/s.exec(readFileSync(DOCUMENT, 'utf8'))?.[1];
  if (block === undefined) throw new Error(`${DOCUMENT} has no nginx block`);
  return block;
}

// Nothing but names, ports and the certificate is changed.
function moved(text: string, port: number, edgePort: number): string {
  return text
    .replace('listen 443 ', `listen 127.0.0.1:${port} `)
    .replaceAll('tunnel.example.com', TLS_DOMAIN)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${CERTIFICATE_PATH};`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${join(CERTIFICATE_PATH, '..', 'key.pem')};`)
    .replace('127.0.0.1:8080', `127.0.0.1:${edgePort}`);
}

// What a distribution has around a site, with the time limits of a second where nginx has a minute.
function wrapped(site: string, folder: string, silentPort: number, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`);
  return `daemon off; master_process off; pid ${folder}/pid; error_log stderr notice;
events {}
http { access_log off; proxy_read_timeout 1s; proxy_send_timeout 1s; ${temporary.join(' ')}
server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${silentPort}; } }
${site}
}
`;
}
