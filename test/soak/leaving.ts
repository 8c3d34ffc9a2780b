/** Visitors of a soak who leave in the middle: before the head, in a body either way, of events and of a WebSocket. */
import { randomBytes, randomInt } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { begun, Prefix, size } from './check.js';
import type { Scene } from './traffic.js';

export async function leaveBeforeHead({ url, visitor }: Scene): Promise<void> {
  const leaving = AbortSignal.timeout(randomInt(1, 60));
  await visitor.fetch(`${url}/held?left`, { signal: leaving }).then(
    () => undefined, // an error of ours while there is no agent
    () => undefined, // left
  );
}

export async function leaveDownload({ url, visitor, signal }: Scene): Promise<void> {
  const length = 20_000_000;
  const response = await visitor.stream(`${url}/bytes?n=${length}`, 'fetch', { signal });
  begun(response);
  const heard = new Prefix(length);
  const enough = size(3_000_000);
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    heard.take(chunk);
    if (heard.bytes > enough) break; // which destroys the answer
  }
}

export async function leaveUnread({ url, visitor, signal }: Scene): Promise<void> {
  const response = await visitor.stream(`${url}/bytes?n=50000000&chunked`, 'fetch', { signal });
  await delay(randomInt(1, 200));
  response.body.destroy();
}

export async function leaveUpload({ url, visitor }: Scene): Promise<void> {
  const leaving = AbortSignal.timeout(randomInt(1, 100));
  const body = new PassThrough();
  body.on('error', () => {}); // torn down with its request
  body.write(randomBytes(size(1_000_000)));
  await visitor.fetch(`${url}/upload?left`, { method: 'POST', body, signal: leaving }).catch(() => undefined); // left
  body.destroy();
}

export async function leaveEvents({ url, visitor, signal }: Scene): Promise<void> {
  const response = await visitor.stream(`${url}/sse?key=never`, 'fetch', { signal });
  await delay(randomInt(1, 100));
  response.body.destroy();
}

export async function leaveMessages({ url, visitor }: Scene): Promise<void> {
  const socket = await visitor.socket(`${url.replace('http', 'ws')}/ws`);
  for (let count = 0; count < 5; count++) socket.send(randomBytes(size(200_000)));
  await delay(randomInt(1, 50));
  socket.terminate();
}
