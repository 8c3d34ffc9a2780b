/**
 * What every system of a measurement leads to: nginx in one process and files in a temporary folder where it is
 * installed, else a Node server. Both answer `/1k`, `/100k`, `/10m` and `/100m`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled, freePort } from '../support/processes.js';
import { Child, FOLDER, findCommand } from './children.js';

/** The bodies by path, in bytes. */
export const BODIES: Readonly<Record<string, number>> = {
  '/1k': 1_024,
  '/100k': 102_400,
  '/10m': 10_485_760,
  '/100m': 104_857_600,
};

export interface BenchTarget {
  /** `nginx`, or what stands in for it. */
  readonly name: string;
  readonly origin: string;
  readonly port: number;
  end(): Promise<void>;
}

/** Starts the target, on a free port unless one is given. */
export async function startBenchTarget(port: number | undefined): Promise<BenchTarget> {
  const chosen = port ?? (await freePort());
  const nginx = findCommand('nginx');
  const child = nginx === undefined ? startNode(chosen) : startNginx(nginx, chosen);
  const origin = `http://127.0.0.1:${chosen}`;
  await child.answers(`${origin}/1k`);
  const name = nginx === undefined ? 'a Node server (nginx is not installed)' : 'nginx, one process';
  return { name, origin, port: chosen, end: () => child.end() };
}

function startNode(port: number): Child {
  const script = compiled('../bench/target-node.js');
  return new Child({ name: 'target', args: [script, String(port), JSON.stringify(BODIES)] });
}

function startNginx(nginx: string, port: number): Child {
  const folder = join(FOLDER, 'nginx');
  mkdirSync(join(folder, 'bodies'), { recursive: true });
  for (const [path, bytes] of Object.entries(BODIES)) {
    writeFileSync(join(folder, 'bodies', path.slice(1)), Buffer.alloc(bytes, 'postern '));
  }
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, port));
  return new Child({ name: 'nginx', command: nginx, args: ['-p', folder, '-c', join(folder, 'nginx.conf')] });
}

// One process, so that a measurement that is killed leaves no worker behind. Without `keepalive_requests` it would close a connection after a thousand requests, in the middle of a measurement.
function nginxConfiguration(folder: string, port: number): string {
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/tmp;
  proxy_temp_path ${folder}/tmp;
  fastcgi_temp_path ${folder}/tmp;
  uwsgi_temp_path ${folder}/tmp;
  scgi_temp_path ${folder}/tmp;
  sendfile on;
  open_file_cache max=16;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  server { listen 127.0.0.1:${port} backlog=4096; root ${folder}/bodies; }
}
`;
}
