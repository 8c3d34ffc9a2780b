/**
 * What visitors of a soak do, each act with a checksum or a prefix to compare: pages, bodies both ways, events,
 * WebSockets, and leaving in the middle of each (leaving.ts). An act that breaks off throws; one that gave wrong bytes
 * throws `WrongBytes`.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { headerValues } from '../../src/http/fields.js';
import type { Target } from '../support/target.js';
import type { Echo } from '../support/target-paths.js';
import type { Visitor, VisitorResponse } from '../support/visitor.js';
import { Broken, begun, compare, Prefix, size, WrongBytes } from './check.js';
import * as leaving from './leaving.js';

/** One visitor of one tunnel. */
export interface Scene {
  readonly url: string;
  readonly target: Target;
  readonly visitor: Visitor;
  /** Ends an act that is stuck. */
  readonly signal: AbortSignal;
}

export const ACTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  page: (scene) => echo(scene, Buffer.alloc(0)),
  form: (scene) => echo(scene, randomBytes(randomInt(1, 2_000))),
  upload: (scene) => echo(scene, randomBytes(size(2_000_000))),
  mirror,
  download: (scene) => download(scene, 0),
  slowDownload: (scene) => download(scene, 2),
  events,
  messages,
  ...leaving,
};

async function echo(scene: Scene, body: Buffer): Promise<void> {
  const path = `/${randomBytes(6).toString('hex')}`;
  const options = body.length === 0 ? {} : { method: 'POST', body };
  const response = whole(await scene.visitor.fetch(scene.url + path, { ...options, signal: scene.signal }));
  const said = response.json() as Echo;
  const hash = createHash('sha256').update(body).digest('hex');
  const emails = headerValues(said.rawHeaders, 'x-forwarded-email').join();
  compare([said.url, said.bodySha256, emails], [path, hash, 'ana@acme.com']);
}

async function mirror({ url, visitor, signal }: Scene): Promise<void> {
  const sent = randomBytes(size(500_000));
  const body = new PassThrough(); // its length is not announced
  body.end(sent);
  const response = whole(await visitor.fetch(`${url}/mirror`, { method: 'PUT', body, signal }));
  if (!response.bytes.equals(sent)) throw new WrongBytes(`the mirror of ${sent.length} bytes`);
}

async function download({ url, visitor, signal }: Scene, pauseMs: number): Promise<void> {
  const length = size(3_000_000);
  const response = await visitor.stream(`${url}/bytes?n=${length}${randomInt(2) ? '&chunked' : ''}`, 'fetch', {
    signal,
  });
  begun(response);
  const heard = new Prefix(length);
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    heard.take(chunk);
    if (pauseMs > 0) await delay(pauseMs);
  }
  heard.end();
}

async function events({ url, target, visitor, signal }: Scene): Promise<void> {
  const key = randomBytes(6).toString('hex');
  const response = await visitor.stream(`${url}/sse?n=5&key=${key}`, 'fetch', { signal });
  begun(response);
  let text = '';
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    text += chunk;
    if (text.endsWith('\n\n')) await target.release(key);
  }
  compare([text], [Array.from({ length: 5 }, (_, event) => `id: ${event}\ndata: event ${event}\n\n`).join('')]);
}

async function messages({ url, visitor, signal }: Scene): Promise<void> {
  const socket = await visitor.socket(`${url.replace('http', 'ws')}/ws`);
  try {
    for (let count = 0; count < 8; count++) {
      const sent = randomBytes(size(60_000));
      const heard = once(socket, 'message', { signal });
      const closed = once(socket, 'close', { signal });
      closed.catch(() => {}); // only a race with the message
      socket.send(sent);
      const [reply] = (await Promise.race([heard, closed])) as [Buffer | number];
      if (!Buffer.isBuffer(reply)) throw new Broken('the WebSocket closed');
      if (!reply.equals(sent)) throw new WrongBytes('an echoed message');
    }
  } finally {
    socket.close(1000);
  }
}

function whole(response: VisitorResponse): VisitorResponse {
  begun(response);
  return response;
}
