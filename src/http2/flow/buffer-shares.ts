/**
 * How much the readers of a connection may leave unread, so that together they stay within its bound and none starves:
 * each gets a share of what is free, which shrinks as more is buffered (the dynamic threshold of Choudhury and Hahne,
 * IEEE/ACM ToN 1998). A reader that fills a large window and stops reading leaves the others the same share of the rest.
 *
 * One part of the bound is for initial windows, another for windows that grow while their readers keep up. The rest is for
 * bytes in flight when a share shrinks.
 */
import type { ReceiveWindow, ReceivingStream } from './window.js';

const START_PART = 3 / 8;
const GROWTH_PART = 1 / 2;
// What each stream gets of the free part. With a bound of 64 MiB a single stream starts with up to 12 MiB and grows by up
// to 8, more than the BDP of 1 Gbit/s over 100 ms; eight unread streams leave a start of 2.4 MiB, a hundred one of 0.24.
const START_SHARE = 1 / 2;
const GROWTH_SHARE = 1 / 4;
// The minimum initial window: a thousand streams hold 16 MiB.
export const MIN_START_BYTES = 16_384;
// The grown windows are counted again after this much traffic: counting for each frame would cost more than the frame.
const RECOUNT_BYTES = 131_072;

export class BufferShares {
  readonly #streams: Iterable<ReceivingStream>;
  readonly #startBytes: number;
  readonly #growthBytes: number;
  #grownBytes = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** `maxBytes` bounds what all streams of the connection together may hold. */
  constructor(streams: Iterable<ReceivingStream>, maxBytes: number) {
    this.#streams = streams;
    this.#startBytes = maxBytes * START_PART;
    this.#growthBytes = maxBytes * GROWTH_PART;
  }

  /** The initial window of new streams, at most `wantedBytes`, while `bufferedBytes` are unread. */
  initialWindowFor(wantedBytes: number, bufferedBytes: number): number {
    const share = Math.round((this.#startBytes - bufferedBytes) * START_SHARE);
    return Math.min(wantedBytes, Math.max(share, MIN_START_BYTES));
  }

  /** Resizes a stream's window to what it needs, within its share. `trafficBytes` only serves as a clock. */
  resize(window: ReceiveWindow, neededBytes: number, initialBytes: number, trafficBytes: number): void {
    if (trafficBytes - this.#countedAt >= RECOUNT_BYTES) this.#recount(initialBytes, trafficBytes);
    const others = Math.max(this.#grownBytes - grownBytesOf(window, initialBytes), 0);
    const max = initialBytes + Math.floor((this.#growthBytes - others) * GROWTH_SHARE);
    window.resize(Math.max(Math.min(neededBytes, max), initialBytes));
    this.#grownBytes = others + grownBytesOf(window, initialBytes);
  }

  #recount(initialBytes: number, trafficBytes: number): void {
    this.#countedAt = trafficBytes;
    this.#grownBytes = 0;
    for (const { receiving } of this.#streams) {
      if (!receiving.isEnded) this.#grownBytes += grownBytesOf(receiving.window, initialBytes);
    }
  }
}

function grownBytesOf({ sizeBytes }: ReceiveWindow, initialBytes: number): number {
  return Math.max(sizeBytes - initialBytes, 0);
}
