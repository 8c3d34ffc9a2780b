/**
 * How much readers may leave unread, so that all of them together stay below the bound of the connection and none of them
 * is left without: each may have a share of what is free, which gets less as more is held (the dynamic threshold of
 * Choudhury and Hahne, IEEE/ACM ToN 1998). Whoever takes much and stops reading leaves the same share of the rest.
 *
 * One part is for what streams start with; another for those whose readers keep up, while they do. What neither takes is
 * for the bytes that are on their way when a share gets less.
 */
import type { ReceiveWindow, ReceivingStream } from './window.js';

const START_PART = 3 / 8;
const GROWTH_PART = 1 / 2;
// Of what is free, to each stream. Of 64 MiB a stream alone starts with up to 12 and grows by up to 8, more than the path
// of 1 Gbit/s over 100 ms holds; eight that are not read leave a start of 2.4, a hundred one of 0.24.
const START_SHARE = 1 / 2;
const GROWTH_SHARE = 1 / 4;
// The least that a stream starts with: a thousand of them hold 16 MiB.
export const MIN_START_BYTES = 16_384;
// Streams that ended are noticed after so much traffic: counting all of them for each frame would cost more than the frame.
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

  /** What new streams may start with, if they want so much, while so much is held. */
  initialWindowFor(wantedBytes: number, bufferedBytes: number): number {
    const share = Math.round((this.#startBytes - bufferedBytes) * START_SHARE);
    return Math.min(wantedBytes, Math.max(share, MIN_START_BYTES));
  }

  /** Resizes the window of a stream to what it needs, as far as there is something to give. `trafficBytes` is a clock. */
  resize(window: ReceiveWindow, neededBytes: number, initialBytes: number, trafficBytes: number): void {
    if (trafficBytes - this.#countedAt >= RECOUNT_BYTES) this.#recount(initialBytes, trafficBytes);
    const others = Math.max(this.#grownBytes - grownBytesOf(window, initialBytes), 0);
    const most = initialBytes + Math.floor((this.#growthBytes - others) * GROWTH_SHARE);
    window.resize(Math.max(Math.min(neededBytes, most), initialBytes));
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
