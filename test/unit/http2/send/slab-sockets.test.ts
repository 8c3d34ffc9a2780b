/** What is sent over real sockets, many at once, with slabs that are used again: no connection gets a byte of another one. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { Connection } from '../../../../src/http2/connection.js';
import { StreamBody } from '../../../../src/http2/stream/duplex.js';
import type { Http2Stream } from '../../../../src/http2/stream/stream.js';
import { localCertificate } from '../../../support/edge-certificates.js';

const CONNECTIONS = 15;
const REQUESTS = 4;
const BODY_BYTES = 400_000;

/** Each connection sends bytes of its own value only. As the edge has them: visitors' sockets (edge/visitors/http2/connection.ts). */
function serve(socket: Socket, value: number): void {
  const respond = (stream: Http2Stream) => {
    const body = new StreamBody(stream);
    body.on('error', () => {}).resume();
    stream.sendHeaders([':status', '200', 'x-value', String(value)], { endStream: false });
    body.end(Buffer.alloc(BODY_BYTES, value));
  };
  const connection: Connection = new Connection({
    role: 'server',
    send: (bytes) => void socket.write(bytes, (error) => error ?? connection.sent(bytes.length)),
    observer: { stream: respond, closed: () => socket.end() },
  });
  socket.on('data', (chunk: Buffer) => connection.receive(chunk));
  socket.on('close', () => connection.destroy()).on('error', () => {}); // `close` follows
}

/** The bodies of one connection; the number of chunks with foreign bytes. Every third one breaks off in the middle. */
async function fetchAll(session: ClientHttp2Session, at: number): Promise<{ bytes: number; foreign: number }> {
  const seen = { bytes: 0, foreign: 0 };
  const breaksOff = at % 3 === 0;
  const bodies = Array.from({ length: REQUESTS }, async () => {
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    const closed = once(stream, 'close');
    const [head] = (await Promise.race([once(stream, 'response'), closed])) as [Record<string, string>?];
    if (head === undefined) return; // the connection has been broken off
    const value = Number(head['x-value']);
    stream.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length;
      if (!chunk.equals(Buffer.alloc(chunk.length, value))) seen.foreign += 1;
      if (breaksOff && seen.bytes > BODY_BYTES) session.destroy();
      if (at % 2 !== 0) return;
      stream.pause(); // a slow reader
      setImmediate(() => stream.resume());
    });
    await closed;
  });
  await Promise.allSettled(bodies);
  session.destroy();
  return seen;
}

test('slabs behind many sockets with TLS, slow readers among them and connections that break off, mix no bytes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-slab-'));
  const { certificate, keyPath } = await localCertificate(folder);
  const key = readFileSync(keyPath);
  rmSync(folder, { recursive: true });
  const server = createServer({ cert: certificate, key, ALPNProtocols: ['h2'] });
  let value = 0;
  server.on('secureConnection', (socket) => serve(socket, ++value)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const all = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, at) => {
      const session = connectHttp2(origin, { rejectUnauthorized: false });
      session.on('error', () => {});
      return fetchAll(session, at);
    }),
  );
  server.close();
  assert.equal(
    all.reduce((sum, { foreign }) => sum + foreign, 0),
    0,
  );
  const whole = all.filter(({ bytes }) => bytes === REQUESTS * BODY_BYTES);
  assert.equal(whole.length, (CONNECTIONS * 2) / 3);
});
