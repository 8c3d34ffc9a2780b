/**
 * The streams of one urgency that have content to send (RFC 9218 section 10): new ones, of which nothing was sent,
 * incremental ones, which share, and sequential ones, each of which is of use only as a whole. The three kinds take turns, so
 * that none waits for all of another: a small response overtakes a hundred downloads, and a hundred small responses do not
 * stop a download.
 */
import { isIncremental } from '../message/priority.js';
import { IntrusiveQueue } from './intrusive-queue.js';
import type { SendHalf } from './send-half.js';

// A response that has sent more is a download: it shares, whatever its client says.
const MAX_SEQUENTIAL_BYTES = 1_048_576;
// A less urgent level gets one frame in so many, so that a download of high urgency starves nothing.
const TURNS = 8;

export class UrgencyLevel {
  readonly urgency: number;
  readonly #new = new IntrusiveQueue<SendHalf>();
  readonly #shared = new IntrusiveQueue<SendHalf>();
  readonly #sequential = new IntrusiveQueue<SendHalf>();
  readonly #kinds = [this.#new, this.#shared, this.#sequential] as const;
  #nextKind = 0;
  #turns = 0;

  constructor(urgency: number) {
    this.urgency = urgency;
  }

  get isEmpty(): boolean {
    return this.#new.first === undefined && this.#shared.first === undefined && this.#sequential.first === undefined;
  }

  /** Queues a stream behind the others of its kind; a sequential one by its identifier. */
  add(half: SendHalf): void {
    if (half.isNew) this.#new.add(half);
    else if (isIncremental(half.priority) || half.sentBytes > MAX_SEQUENTIAL_BYTES) this.#shared.add(half);
    else this.#sequential.addBefore(half, ({ streamId }) => streamId > half.streamId);
  }

  holds(half: SendHalf): boolean {
    const { queue } = half;
    return queue === this.#new || queue === this.#shared || queue === this.#sequential;
  }

  /** Takes a turn; true when it should be passed on to the next level that has something to send. */
  takeTurn(): boolean {
    this.#turns = (this.#turns + 1) % TURNS;
    return this.#turns === 0;
  }

  /** Gives the next turn to a new stream. */
  preferNew(): void {
    this.#nextKind = 0;
  }

  /** The stream whose turn it is. */
  next(): SendHalf | undefined {
    for (let tried = 0; tried < this.#kinds.length; tried++) {
      const { first } = this.#kinds[this.#nextKind] as IntrusiveQueue<SendHalf>;
      this.#nextKind = (this.#nextKind + 1) % this.#kinds.length;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  clear(): void {
    for (const kind of this.#kinds) kind.clear();
  }
}
