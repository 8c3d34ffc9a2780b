/**
 * Which streams, or the connection as a whole, have been letting too little of what waits leave: by rate, and not by any byte,
 * because one byte an interval would hold a response for ever. Where nothing waits nothing is expected: event streams and
 * WebSockets may be silent for days.
 */
import type { SendQueue } from './send/send-queue.js';
import type { Http2Stream } from './stream/stream.js';
import type { StallLimit } from './time-limits.js';

export class Stalls {
  readonly #limit: StallLimit;
  #sinceMs: number;
  // How many bytes have to have been sent at the next look, of each stream and of the connection.
  #dueOfStreams = new Map<Http2Stream, number>();
  #dueOfConnection = 0;

  constructor(limit: StallLimit, nowMs: number) {
    this.#limit = limit;
    this.#sinceMs = nowMs;
  }

  /** The streams that are stalled, or `'connection'`. Looks once in the interval of the limit; else there are none. */
  check(streams: Iterable<Http2Stream>, queue: SendQueue, nowMs: number): 'connection' | readonly Http2Stream[] {
    if (nowMs - this.#sinceMs < this.#limit.ms) return [];
    this.#sinceMs = nowMs;
    if (queue.sentBytes < this.#dueOfConnection) return 'connection';
    this.#dueOfConnection = this.#due(queue.sentBytes, queue.unsentBytes);
    return this.#checkStreams(streams);
  }

  #checkStreams(streams: Iterable<Http2Stream>): Http2Stream[] {
    const stalled: Http2Stream[] = [];
    const before = this.#dueOfStreams;
    this.#dueOfStreams = new Map();
    for (const stream of streams) {
      const { sentBytes, pendingBytes } = stream;
      if (pendingBytes === 0) continue;
      if (sentBytes < (before.get(stream) ?? 0)) stalled.push(stream);
      else this.#dueOfStreams.set(stream, this.#due(sentBytes, pendingBytes));
    }
    return stalled;
  }

  #due(sentBytes: number, waitingBytes: number): number {
    return sentBytes + Math.min(waitingBytes, this.#limit.minBytes);
  }
}
