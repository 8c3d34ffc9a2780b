/**
 * The sample app of the demo, an ordinary `node:http` server that knows nothing of Postern but two things: the identity
 * headers, and how to verify the assertion that comes with them against the edge's public keys.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { WebSocket, WebSocketServer } from 'ws';
import { isAsset, sendAsset } from './assets.js';

export interface SampleAppOptions {
  /** The origin of the edge's base host, which signs the assertions. */
  readonly edge: string;
  /** The tunnel's own origin, for which they are made. */
  readonly origin: string;
}

export interface SampleApp {
  readonly url: URL;
  close(): Promise<void>;
}

/** Starts the app on a free port of 127.0.0.1. */
export async function startSampleApp(options: SampleAppOptions): Promise<SampleApp> {
  const keys = createRemoteJWKSet(new URL('/.postern/jwks.json', options.edge));
  const server = createServer((request, response) => {
    answer(request, response, options, keys).catch(() => response.destroy()); // the visitor left in the middle
  });
  const room = new WebSocketServer({ server, path: '/chat', maxPayload: 4096 });
  room.on('connection', (socket, request) => join(room, socket, nameOf(request)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    close: async () => {
      for (const socket of room.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: SampleAppOptions,
  keys: JWTVerifyGetKey,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app');
  if (pathname === '/who') return sendJson(response, await describe(request, options, keys));
  if (pathname === '/clock') return tellTime(response);
  if (pathname === '/upload') return sendJson(response, await count(request));
  if (pathname === '/slow') return answerSlowly(response, Math.min(Number(searchParams.get('seconds')) || 3, 60));
  if (isAsset(pathname)) return sendAsset(response, pathname);
  response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here.\n');
}

const IDENTITY = /^x-forwarded-(user|email|preferred-username|groups)$/;

async function describe(request: IncomingMessage, options: SampleAppOptions, keys: JWTVerifyGetKey) {
  const headers = Object.entries(request.headers).filter(([name]) => IDENTITY.test(name));
  const assertion = await verify(request.headers['x-postern-assertion'], options, keys);
  return { name: nameOf(request), headers: headers.map(([name, value]) => [name, decode(String(value))]), assertion };
}

/** What an app does that wants proof: checks signature, issuer, audience and time, not the headers. */
async function verify(
  assertion: string | readonly string[] | undefined,
  { edge, origin }: SampleAppOptions,
  keys: JWTVerifyGetKey,
): Promise<{ valid: true; claims: JWTPayload } | { valid: false; reason: string }> {
  if (typeof assertion !== 'string') return { valid: false, reason: 'there is no assertion' };
  try {
    const { payload } = await jwtVerify(assertion, keys, { issuer: edge, audience: origin, algorithms: ['ES256'] });
    return { valid: true, claims: payload };
  } catch (error) {
    return { valid: false, reason: error instanceof Error ? error.message : 'it cannot be read' };
  }
}

function nameOf(request: IncomingMessage): string {
  return decode(
    String(request.headers['x-forwarded-preferred-username'] ?? request.headers['x-forwarded-email'] ?? 'nobody'),
  );
}

// Identity headers carry everything outside visible ASCII percent-encoded.
function decode(value: string): string {
  return value.split(',').map(decodePart).join(', ');
}

function decodePart(value: string): string {
  try {
    return decodeURIComponent(value.trim());
  } catch {
    return value; // not encoded by an edge, so shown as it is
  }
}

function tellTime(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const tell = () => response.write(`data: ${new Date().toISOString()}\n\n`);
  const ticking = setInterval(tell, 1000);
  response.on('close', () => clearInterval(ticking));
  tell();
}

async function count(request: IncomingMessage): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function answerSlowly(response: ServerResponse, seconds: number): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  await delay(seconds * 1000, undefined, { signal: gone.signal });
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`Answered after ${seconds} seconds.`);
}

function join(room: WebSocketServer, socket: WebSocket, name: string): void {
  const tell = (from: string, text: string) => {
    for (const other of room.clients)
      if (other.readyState === WebSocket.OPEN) other.send(JSON.stringify({ from, text }));
  };
  socket.on('error', () => {}); // 'close' follows and says it
  socket.on('message', (message) => tell(name, String(message)));
  socket.on('close', () => tell('·', `${name} left`));
  tell('·', `${name} joined`);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response
    .writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(value));
}
