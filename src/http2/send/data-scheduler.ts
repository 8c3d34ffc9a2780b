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
  readonly #new = new IntrusiveQueue<SendHalf>();
  readonly #started = new IntrusiveQueue<SendHalf>();
  readonly #ends = new IntrusiveQueue<SendHalf>();
  #isStartedNext = false;

  /** Whether nobody can use a turn now. */
  get isEmpty(): boolean {
    return this.#ends.first === undefined && (this.#window.bytes <= 0 || !this.#hasContent);
  }

  /** Whether a stream waits for the window of the connection. */
  get isBlockedOnConnection(): boolean {
    return this.#window.bytes <= 0 && this.#hasContent;
  }

  /** Puts a stream behind the others of its kind, if it has something that may leave. */
  add(half: SendHalf): void {
    if (!half.isReady) return;
    if (half.pendingBytes === 0) this.#ends.add(half);
    else if (half.isNew) this.#new.add(half);
    else this.#started.add(half);
  }

  /** Widens the window of the connection. */
  increaseWindow(increment: number): 'overflow' | undefined {
    return this.#window.increase(increment);
  }

  /** Gives the next turn to a stream that has not begun. */
  preferNew(): void {
    this.#isStartedNext = false;
  }

  /** Takes out the stream whose turn it is; undefined when it cannot use it, or when there is none. */
  next(): SendHalf | undefined {
    const half = this.#ends.first ?? (this.#window.bytes > 0 ? this.#nextWithContent() : undefined);
    half?.queue?.remove(half);
    return half?.isReady ? half : undefined;
  }

  /** Writes a frame of a stream that has the turn; returns the bytes that flow control counts. */
  write(half: SendHalf, output: WriteBuffer): number {
    const bytes = half.writeData(output, Math.min(this.#window.bytes, DEFAULT_MAX_FRAME_BYTES));
    this.#window.bytes -= bytes;
    return bytes;
  }

  clear(): void {
    for (const queue of [this.#new, this.#started, this.#ends]) queue.clear();
  }

  get #hasContent(): boolean {
    return this.#new.first !== undefined || this.#started.first !== undefined;
  }

  #nextWithContent(): SendHalf | undefined {
    const isStartedNext = this.#isStartedNext;
    this.#isStartedNext = !isStartedNext;
    return isStartedNext ? (this.#started.first ?? this.#new.first) : (this.#new.first ?? this.#started.first);
  }
}
