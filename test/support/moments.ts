/**
 * Requests that a test leaves in the middle of something, so that it can end a process at the worst moment: each is
 * known to have reached the target, none ends by itself.
 */
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import { deferred } from './deferred.js';
import type { Target } from './target.js';
import { patternBytes } from './target-paths.js';
import { Transcript } from './transcript.js';
import type { OpenResponse, Visitor, VisitorResponse } from './visitor.js';

/** One of each kind. What has no head yet is a promise of its answer. */
export interface Moments {
  /** Answers that are under way and not read: back-pressure keeps them in their middle. */
  readonly downloads: Readonly<Record<'announced' | 'chunked' | 'endless', OpenResponse>>;
  readonly socket: WebSocket;
  /** Requests whose answer's head is awaited. */
  readonly pending: Readonly<Record<'held' | 'posted' | 'halfUpload' | 'floodingUpload', Promise<VisitorResponse>>>;
}

// More than all buffers on the way hold together.
const LARGE_BYTES = 200_000_000;

let stamps = 0;

/** Starts one request of each kind at a tunnel's origin and resolves when all have reached the target. */
export async function startMoments(url: string, target: Target, visitor: Visitor): Promise<Moments> {
  const key = `moment-${++stamps}`;
  const at = (path: string) => `${url}${path}${path.includes('?') ? '&' : '?'}key=${key}`;
  const body = new PassThrough();
  body.write('the first half');
  const pending = {
    held: visitor.fetch(at('/held')),
    posted: visitor.fetch(at('/held?posted'), { method: 'POST', body: 'all of it' }),
    halfUpload: visitor.fetch(at('/upload?half'), { method: 'POST', body }),
    floodingUpload: visitor.fetch(at('/upload?flood'), { method: 'PUT', body: Readable.from(endlessBytes()) }),
  };
  for (const response of Object.values(pending)) response.catch(() => {}); // the test looks at it later
  const downloads = {
    announced: await visitor.stream(at(`/bytes?n=${LARGE_BYTES}`)),
    chunked: await visitor.stream(at(`/bytes?n=${LARGE_BYTES}&chunked`)),
    endless: await visitor.stream(at('/sse')),
  };
  const socket = await visitor.socket(at('/ws').replace('http:', 'ws:'));
  socket.send('hello');
  await once(socket, 'message');
  const paths = ['/held?key', '/held?posted', '/upload?half', '/upload?flood'];
  await Promise.all(paths.map((path) => target.event('request', path)));
  return { downloads, socket, pending };
}

/** Reads what is left of an answer; true when it came to its proper end, false when it broke. */
export async function isWhole({ body }: OpenResponse): Promise<boolean> {
  body.on('error', () => {}).resume(); // an error says no more than `complete`
  const closed = deferred<void>();
  if (body.closed) closed.resolve();
  else body.once('close', closed.resolve);
  await closed.promise;
  return body.complete;
}

/** Starts an event stream and resolves when its first event is here. */
export async function startEvents(visitor: Visitor, url: string): Promise<Transcript> {
  const events = new Transcript((await visitor.stream(url)).body);
  await events.says('event 0');
  return events;
}

function* endlessBytes(): Generator<Buffer> {
  for (;;) yield* patternBytes(LARGE_BYTES);
}
