/** Real local servers for tests, well-behaved and raw, on loopback and port 0. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { readTargetAddress } from '../../../src/agent/target/address.js';
import type { RequestRecord } from '../../../src/agent/target/request-record.js';
import { Target, type TargetOptions } from '../../../src/agent/target/target.js';
import type { HostHeader } from '../../../src/core/hostname.js';
import { silentLog } from '../../../src/core/log.js';

export interface Harness {
  readonly target: Target;
  readonly port: number;
  readonly records: RequestRecord[];
  readonly hints: string[];
}

type Settings = Partial<TargetOptions> & { readonly hostHeader?: HostHeader; readonly url?: string };

/** A `node:http` target. */
export async function httpTarget(t: TestContext, response: http.RequestListener, settings: Settings = {}) {
  const server = http.createServer(response);
  return { server, ...(await harness(t, server, settings)) };
}

/** A target of raw bytes: `response` is called with each connection and the head of each request. */
export async function rawTarget(
  t: TestContext,
  response: (socket: net.Socket, head: string) => void,
  settings: Settings = {},
) {
  const server = net.createServer((socket) => {
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end + 4);
        received = received.slice(end + 4);
        if (/^[A-Z]+ /.test(head)) response(socket, head); // else the end of a body
      }
    });
  });
  return { server, ...(await harness(t, server, settings)) };
}

async function harness(t: TestContext, server: net.Server, settings: Settings): Promise<Harness> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const records: RequestRecord[] = [];
  const hints: string[] = [];
  const address = readTargetAddress(
    new URL(settings.url?.replace('PORT', String(port)) ?? `http://127.0.0.1:${port}`),
    settings.hostHeader ?? 'rewrite',
  );
  const target = new Target(address, {
    log: silentLog,
    record: (record) => records.push(record),
    hint: (text) => hints.push(text),
    ...settings,
  });
  t.after(() => {
    target.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { target, port, records, hints };
}
