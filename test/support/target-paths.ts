/**
 * What the test target answers, by path: an echo anywhere, and a few paths that stream, wait, break off or answer in
 * unusual ways.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deferred } from './deferred.js';
import type { Stage } from './target.js';

/** What the echo says of a request. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly rawTrailers: readonly string[];
  readonly bodyBytes: number;
  readonly bodySha256: string;
}

interface Scene {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly stage: Stage;
  /** Aborted when the visitor is gone. */
  readonly gone: AbortSignal;
}

type Act = (scene: Scene) => Promise<void> | void;

const ACTS: Readonly<Record<string, Act>> = {
  '/bytes': sendBytes,
  '/sse': sendEvents,
  '/slow': answerSlowly,
  '/held': answerWhenReleased,
  '/trailers': sendTrailers,
  '/early-hints': sendEarlyHints,
  '/upload': echo,
  '/discard': discard,
  '/mirror': mirror,
  '/answer': answerAsTold,
  '/hang': () => {},
  '/hang-after-head': ({ response }) => void response.writeHead(200, { 'Content-Length': 10 }).write('half'),
  '/refuse-body': ({ response }) => void response.writeHead(413, { Connection: 'close' }).end('too much'),
  '/die': dieInTheBody,
  '/die-first': ({ request }) => void request.socket.destroy(),
  '/nonsense': ({ request }) => void request.socket.end('this is not HTTP\r\n\r\n'),
};

/** Answers one request. Rejects when the visitor leaves in the middle of it. */
export async function responseByPath(
  request: IncomingMessage,
  response: ServerResponse,
  stage: Stage,
  gone: AbortSignal,
): Promise<void> {
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
  const scene = { request, response, query: new URLSearchParams(search), stage, gone };
  const status = /^\/status\/(\d{3})$/.exec(path)?.[1];
  if (status !== undefined) return sendStatus(scene, Number(status));
  await (Object.hasOwn(ACTS, path) ? (ACTS[path] as Act) : echo)(scene);
}

/** The bytes that `/bytes?n=` answers: a pattern in which a lost or doubled block shows. */
export function* patternBytes(length: number): Generator<Buffer> {
  for (let sent = 0, block = 0; sent < length; block++) {
    const chunk = Buffer.alloc(Math.min(64 * 1024, length - sent), `${block} `);
    sent += chunk.length;
    yield chunk;
  }
}

async function echo({ request, response }: Scene): Promise<void> {
  const hash = createHash('sha256');
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bodyBytes += chunk.length;
  }
  const { method = '', url = '', rawHeaders, rawTrailers } = request;
  const said: Echo = { method, url, rawHeaders, rawTrailers, bodyBytes, bodySha256: hash.digest('hex') };
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(said));
}

// Reads the body and says only how long it was: what a measurement of the tunnel should not wait for is left out.
async function discard({ request, response }: Scene): Promise<void> {
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) bodyBytes += chunk.length;
  response.end(String(bodyBytes));
}

// Sends each piece of the body back as soon as it is here, then the trailers.
async function mirror({ request, response }: Scene): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', Trailer: 'X-Mirrored' }).flushHeaders();
  for await (const chunk of request as AsyncIterable<Buffer>) response.write(chunk);
  response.addTrailers(request.trailers as OutgoingHttpHeaders);
  response.end();
}

// With `chunked` the length is not announced.
async function sendBytes({ request, response, query, gone }: Scene): Promise<void> {
  const length = Number(query.get('n') ?? 1024);
  const headers = { 'Content-Type': 'application/octet-stream' };
  response.writeHead(200, query.has('chunked') ? headers : { ...headers, 'Content-Length': length });
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(patternBytes(length)), response, { signal: gone });
}

// Event 0 at once, each further one when `key` is released; ends after `n` events.
async function sendEvents({ response, query, stage, gone }: Scene): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const last = Number(query.get('n') ?? Number.POSITIVE_INFINITY) - 1;
  for (let event = 0; ; event++) {
    response.write(`id: ${event}\ndata: event ${event}\n\n`);
    if (event >= last) break;
    await stage.released(query.get('key') ?? 'sse', gone);
  }
  response.end();
}

async function answerSlowly({ response, query, gone }: Scene): Promise<void> {
  await once(AbortSignal.any([gone, AbortSignal.timeout(Number(query.get('ms') ?? 100))]), 'abort');
  response.end('slow');
}

// With `head` the head goes out at once and only the body waits.
async function answerWhenReleased({ response, query, stage, gone }: Scene): Promise<void> {
  if (query.has('head')) response.flushHeaders();
  await stage.released(query.get('key') ?? 'held', gone);
  response.end('held');
}

async function sendTrailers({ request, response }: Scene): Promise<void> {
  response.writeHead(200, { Trailer: 'X-Checksum', 'Content-Type': 'text/plain' });
  request.resume();
  response.write('with trailers');
  response.addTrailers({ 'X-Checksum': 'abc123' });
  response.end();
}

async function sendEarlyHints({ response }: Scene): Promise<void> {
  const hinted = deferred<void>();
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style', 'x-hint': 'one' }, hinted.resolve);
  await hinted.promise;
  response.end('hinted');
}

function sendStatus({ request, response }: Scene, status: number): void {
  request.resume();
  const bodyless = status === 204 || status === 304 || request.method === 'HEAD';
  response.writeHead(status, bodyless ? {} : { 'Content-Type': 'text/plain' });
  response.end(bodyless ? undefined : `status ${status}`);
}

// `?status=302&header=Location: /x&header=Set-Cookie: a=b&body=text`
function answerAsTold({ request, response, query }: Scene): void {
  request.resume();
  const headers = query
    .getAll('header')
    .flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  response.writeHead(Number(query.get('status') ?? 200), headers).end(query.get('body') ?? '');
}

// With a `key` it dies when that is released: a reset that comes together with what it cuts short may not be seen as one.
async function dieInTheBody({ response, query, stage, gone }: Scene): Promise<void> {
  response.writeHead(200, query.has('chunked') ? {} : { 'Content-Length': 1_000_000 });
  const written = deferred<unknown>();
  response.write('the beginning', written.resolve);
  await written.promise;
  const key = query.get('key');
  if (key !== null) await stage.released(key, gone);
  response.destroy();
}
