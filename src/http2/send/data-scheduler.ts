/**
 * Which stream sends DATA next, and how much of it the connection's window allows (RFC 9113 sections 5.2 and 6.9). The most
 * urgent streams come first (`urgency-level.ts`); where no priorities are signalled, all streams have one urgency.
 *
 * A stream keeps its place while the connection's window is empty: a WINDOW_UPDATE then costs only the frames that it
 * permits, however many streams are blocked. Ends of streams without content need no window and have their own queue.
 */
import { SendWindow } from '../flow/window.js';
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES } from '../frame/types.js';
import { urgencyOf } from '../message/priority.js';
import { IntrusiveQueue } from './intrusive-queue.js';
import type { SendHalf } from './send-half.js';
import { UrgencyLevel } from './urgency-level.js';
import type { WriteBuffer } from './write-buffer.js';

export class DataScheduler {
  /** The window of the connection. */
  readonly window = new SendWindow(DEFAULT_WINDOW_BYTES);
  // The urgencies that have occurred, the most urgent first: one on most connections.
  readonly #levels: UrgencyLevel[] = [];
  readonly #ends = new IntrusiveQueue<SendHalf>();

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
    else this.#levelOf(urgencyOf(half.priority)).add(half);
  }

  /** Moves a stream to the queue of its present priority, if it is queued. */
  requeue(half: SendHalf): void {
    if (!this.#levels.some((level) => level.holds(half))) return;
    half.queue?.remove(half);
    this.add(half);
  }

  /** Increases the window of the connection. */
  increaseWindow(increment: number): 'overflow' | undefined {
    return this.window.increase(increment);
  }

  /** Gives the next turn to a new stream. */
  preferNew(): void {
    for (const level of this.#levels) level.preferNew();
  }

  /** Removes and returns the stream whose turn it is; undefined when there is none, or it cannot send any more. */
  next(): SendHalf | undefined {
    const half = this.#ends.first ?? (this.window.bytes > 0 ? this.#nextLevel()?.next() : undefined);
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
    this.#ends.clear();
    for (const level of this.#levels) level.clear();
  }

  get #hasContent(): boolean {
    for (const level of this.#levels) if (!level.isEmpty) return true;
    return false;
  }

  #nextLevel(): UrgencyLevel | undefined {
    let chosen: UrgencyLevel | undefined;
    for (const level of this.#levels) {
      if (level.isEmpty) continue;
      chosen = level;
      if (!level.takeTurn()) break;
    }
    return chosen;
  }

  #levelOf(urgency: number): UrgencyLevel {
    for (const level of this.#levels) if (level.urgency === urgency) return level;
    const level = new UrgencyLevel(urgency);
    this.#levels.push(level);
    this.#levels.sort((one, other) => one.urgency - other.urgency);
    return level;
  }
}
