/**
 * Whose DATA leaves next, and how much of it the window of the connection allows (RFC 9113 sections 5.2 and 6.9). Streams
 * of which nothing has left and those that have begun take turns, so that neither waits for all of the others: a small
 * answer passes a hundred downloads, and a hundred small responses do not stop one download.
 *
 * A stream keeps its place while the window of the connection is closed: a wider window costs what it lets leave, however
 * many streams wait for it. Ends without content need no window and have a list of their own.
 */

import { SendWindow } from '../flow/window.js';
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES } from '../frame/types.js';
import { IntrusiveQueue } from './intrusive-queue.js';
import type { SendHalf } from './send-half.js';
import type { WriteBuffer } from './write-buffer.js';

export class DataScheduler {
  readonly #window = new SendWindow(DEFAULT_WINDOW_BYTES);
  readonly #fresh = new IntrusiveQueue<SendHalf>();
  readonly #begun = new IntrusiveQueue<SendHalf>();
  readonly #ends = new IntrusiveQueue<SendHalf>();
  #isBegunNext = false;

  /** Whether nobody can use a turn now. */
  get isEmpty(): boolean {
    return this.#ends.first === undefined && (this.#window.bytes <= 0 || !this.#hasContent);
  }

  /** Whether a stream waits for the window of the connection. */
  get isBlocked(): boolean {
    return this.#window.bytes <= 0 && this.#hasContent;
  }

  /** Puts a stream behind the others of its kind, if it has something that may leave. */
  add(side: SendHalf): void {
    if (!side.isReady) return;
    if (side.pendingBytes === 0) this.#ends.add(side);
    else if (side.isFresh) this.#fresh.add(side);
    else this.#begun.add(side);
  }

  /** Widens the window of the connection. */
  widen(increment: number): 'overflow' | undefined {
    return this.#window.widen(increment);
  }

  /** Gives the next turn to a stream that has not begun. */
  beginFresh(): void {
    this.#isBegunNext = false;
  }

  /** Takes out the stream whose turn it is; undefined when it cannot use it, or when there is none. */
  next(): SendHalf | undefined {
    const side = this.#ends.first ?? (this.#window.bytes > 0 ? this.#nextWithContent() : undefined);
    side?.list?.remove(side);
    return side?.isReady ? side : undefined;
  }

  /** Writes a frame of a stream that has the turn; returns the bytes that flow control counts. */
  write(side: SendHalf, output: WriteBuffer): number {
    const bytes = side.writeData(output, Math.min(this.#window.bytes, DEFAULT_MAX_FRAME_BYTES));
    this.#window.bytes -= bytes;
    return bytes;
  }

  clear(): void {
    for (const list of [this.#fresh, this.#begun, this.#ends]) list.empty();
  }

  get #hasContent(): boolean {
    return this.#fresh.first !== undefined || this.#begun.first !== undefined;
  }

  #nextWithContent(): SendHalf | undefined {
    const isBegunNext = this.#isBegunNext;
    this.#isBegunNext = !isBegunNext;
    return isBegunNext ? (this.#begun.first ?? this.#fresh.first) : (this.#fresh.first ?? this.#begun.first);
  }
}
