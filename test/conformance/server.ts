/**
 * The engine's server role over plain TCP, with the limits for unknown clients, with prior knowledge (RFC 9113 section 3.3), for conformance tools from
 * outside: `npm run conformance:server -- PORT`. Any request is read to its end, and its response is 200 with a short body;
 * `/big?bytes=N` with a body of that size, `/trailers` with trailers; extended CONNECT (RFC 8441) echoes.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Connection } from '../../src/http2/connection.js';
import { pseudoField } from '../../src/http2/message/message-fields.js';
import { STRANGER_LIMITS } from '../../src/http2/stranger-limits.js';
import type { Http2Stream, StreamObserver } from '../../src/http2/stream/stream.js';

const MAX_BIG_BYTES = 1_073_741_824;
const PIECE = Buffer.alloc(65_536, 'postern ');

export interface ConformanceServer {
  readonly port: number;
  close(): void;
}

/** Listens on the loopback address; port 0 is any free port. */
export async function startConformanceServer(port: number): Promise<ConformanceServer> {
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
  const close = () => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (listener.address() as AddressInfo).port, close };
}

function serve(socket: Socket): void {
  const connection: Connection = new Connection({
    role: 'server',
    connectProtocol: true,
    priorities: true,
    limits: STRANGER_LIMITS,
    send: (bytes) => {
      socket.write(bytes, () => connection.sent(bytes.length));
    },
    observer: {
      stream: (stream, request) => stream.observe(answering(stream, request)),
      // The socket is still read, and the bytes dropped: unread bytes would turn the close into a reset, and lose our GOAWAY.
      closed: () => socket.end(),
    },
  });
  socket.on('data', (chunk: Buffer) => connection.receive(chunk));
  socket.on('close', () => connection.destroy());
  socket.on('error', () => {}); // `close` follows
}

function answering(stream: Http2Stream, request: readonly string[]): StreamObserver {
  if (pseudoField(request, ':protocol') !== undefined) return echoing(stream);
  const target = new URL(pseudoField(request, ':path') ?? '/', 'http://localhost');
  let receivedBytes = 0;
  let write = () => {};
  return {
    data: (chunk) => {
      receivedBytes += chunk.length;
    },
    trailers: () => {},
    end: () => {
      if (pseudoField(request, ':method') === 'HEAD') stream.sendHeaders([':status', '200'], { endStream: true });
      else if (target.pathname === '/big') write = sendBig(stream, Number(target.searchParams.get('bytes')));
      else sendShort(stream, receivedBytes, target.pathname === '/trailers' ? ['x-received', `${receivedBytes}`] : []);
    },
    drain: () => write(),
    closed: () => {},
  };
}

function sendShort(stream: Http2Stream, receivedBytes: number, trailers: readonly string[]): void {
  const body = Buffer.from(`received ${receivedBytes} bytes\n`);
  stream.sendHeaders([':status', '200', 'content-length', `${body.length}`], { endStream: false });
  stream.write(body);
  stream.end(trailers);
}

/** Sends this many bytes as the peer permits; returns the function that continues. */
function sendBig(stream: Http2Stream, bytes: number): () => void {
  let left = Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= MAX_BIG_BYTES ? bytes : 0;
  stream.sendHeaders([':status', '200', 'content-length', `${left}`], { endStream: false });
  const write = () => {
    if (left < 0) return;
    let isWelcome = true;
    while (left > 0 && isWelcome) {
      const piece = PIECE.subarray(0, left);
      left -= piece.length;
      isWelcome = stream.write(piece);
    }
    if (left > 0) return;
    left = -1;
    stream.end();
  };
  write();
  return write;
}

function echoing(stream: Http2Stream): StreamObserver {
  stream.sendHeaders([':status', '200'], { endStream: false });
  return {
    data: (chunk) => {
      if (!stream.write(chunk)) stream.pause();
    },
    trailers: () => {},
    end: () => stream.end(),
    drain: () => stream.resume(),
    closed: () => {},
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await startConformanceServer(Number(process.argv[2] ?? 0));
  process.stdout.write(`HTTP/2 with prior knowledge on http://127.0.0.1:${port}\n`);
}
