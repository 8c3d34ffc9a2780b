/**
 * Which stream sends DATA next, and how much of it the connection's window allows (RFC 9113 sections 5.2 and 6.9). New
 * streams (no content sent yet) and started ones alternate, so that neither kind waits for all of the other: a small
 * response overtakes a hundred downloads, and a hundred small responses do not stop a download.
 *
 * A stream keeps its place while the connection's window is empty: a WINDOW_UPDATE then costs only the frames that it
 * permits, however many streams are blocked. Ends of streams without content need no window and have their own queue.
 */
import { SendWindow } from '../flow/window.js';
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES } from '../frame/types.js';
import { IntrusiveQueue } from './intrusive-queue.js';
import type { SendHalf } from './send-half.js';
import type { WriteBuffer } from './write-buffer.js';

export class DataScheduler {
  /** The window of the connection. */
  readonly window = new SendWindow(DEFAULT_WINDOW_BYTES);
  readonly #new = new IntrusiveQueue<SendHalf>();
  readonly #started = new IntrusiveQueue<SendHalf>();
  readonly #ends = new IntrusiveQueue<SendHalf>();
  #isStartedNext = false;

  /** Whether no stream can send now. */
  get isEmpty(): boolean {
    return this.#ends.first === undefined && (this.window.bytes <= 0 || !this.#hasContent);
  }

  /** Whether a stream is blocked by the window of the connection. */
  get isBlockedOnConnection(): boolean {
    return this.window.bytes <= 0 && this.#hasContent;
  }

  /** Queues a stream behind the others of its kind, if it can send something. */
  add(half: SendHalf): void {
    if (!half.isReady) return;
    if (half.pendingBytes === 0) this.#ends.add(half);
    else if (half.isNew) this.#new.add(half);
    else this.#started.add(half);
  }

  /** Increases the window of the connection. */
  increaseWindow(increment: number): 'overflow' | undefined {
    return this.window.increase(increment);
  }

  /** Gives the next turn to a new stream. */
  preferNew(): void {
    this.#isStartedNext = false;
  }

  /** Removes and returns the stream whose turn it is; undefined when there is none, or it cannot send any more. */
  next(): SendHalf | undefined {
    const half = this.#ends.first ?? (this.window.bytes > 0 ? this.#nextWithContent() : undefined);
    half?.queue?.remove(half);
    return half?.isReady ? half : undefined;
  }

  /** Writes one frame of a stream; returns the flow-controlled bytes. */
  write(half: SendHalf, output: WriteBuffer): number {
    const bytes = half.writeData(output, Math.min(this.window.bytes, DEFAULT_MAX_FRAME_BYTES));
    this.window.bytes -= bytes;
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
