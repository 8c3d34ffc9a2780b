/**
 * Whose DATA leaves next, and how much of it the window of the connection allows (RFC 9113 sections 5.2 and 6.9). Streams
 * of which nothing has left and those that have begun take turns, so that neither waits for all of the others: a small
 * answer passes a hundred downloads, and a hundred small answers do not stop one download.
 */
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES } from './frame-types.js';
import type { Output } from './output.js';
import type { SendSide } from './send-side.js';
import { TurnList } from './turn-list.js';
import { SendWindow } from './window.js';

export class DataTurns {
  readonly #window = new SendWindow(DEFAULT_WINDOW_BYTES);
  readonly #fresh = new TurnList<SendSide>();
  readonly #begun = new TurnList<SendSide>();
  /** Those that wait for the window of the connection. */
  readonly #parked = new TurnList<SendSide>();
  #isBegunNext = false;

  /** Whether nobody waits for a turn. */
  get isEmpty(): boolean {
    return this.#fresh.first === undefined && this.#begun.first === undefined;
  }

  /** Whether a stream waits for the window of the connection. */
  get isBlocked(): boolean {
    return this.#parked.first !== undefined;
  }

  /** Puts a stream behind the others of its kind, if it has something that may leave. */
  add(side: SendSide): void {
    if (!side.isReady) return;
    if (side.isFresh) this.#fresh.add(side);
    else this.#begun.add(side);
  }

  /** Widens the window of the connection. */
  widen(increment: number): 'overflow' | undefined {
    if (this.#window.widen(increment) === 'overflow') return 'overflow';
    this.#parked.empty((side) => this.add(side));
    return undefined;
  }

  /** Gives the next turn to a stream that has not begun. */
  beginFresh(): void {
    this.#isBegunNext = false;
  }

  /** Takes out the stream whose turn it is; undefined when it cannot use it, or when there is none. */
  next(): SendSide | undefined {
    const side = this.#isBegunNext
      ? (this.#begun.first ?? this.#fresh.first)
      : (this.#fresh.first ?? this.#begun.first);
    this.#isBegunNext = !this.#isBegunNext;
    side?.list?.remove(side);
    if (!side?.isReady) return undefined;
    if (side.pendingBytes === 0 || this.#window.bytes > 0) return side;
    this.#parked.add(side);
    return undefined;
  }

  /** Writes a frame of a stream that has the turn; returns the bytes that flow control counts. */
  write(side: SendSide, output: Output): number {
    const bytes = side.writeData(output, Math.min(this.#window.bytes, DEFAULT_MAX_FRAME_BYTES));
    this.#window.bytes -= bytes;
    return bytes;
  }

  clear(): void {
    for (const list of [this.#fresh, this.#begun, this.#parked]) list.empty(() => {});
  }
}
