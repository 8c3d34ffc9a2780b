/**
 * When what a connection has to send leaves; in which order, `frame-scheduler.ts` says. Frames wait for the end of the
 * event-loop turn and leave together: each message below costs a system call at both ends, so one turn should be one
 * message. `setImmediate` and not `queueMicrotask`: microtasks run after the callback of each single socket, the check
 * phase after those of all sockets that were ready (measured with 64 sockets: a third of the messages). DATA and heads
 * leave while there is room below (`backlog.ts`).
 */
import type { Buffer } from 'node:buffer';
import type { FloodGuard } from '../flood-guard.js';
import type { HpackEncoder } from '../hpack/encoder.js';
import { Backlog } from './backlog.js';
import { DataScheduler } from './data-scheduler.js';
import { FrameScheduler } from './frame-scheduler.js';
import type { Head, SendHalf } from './send-half.js';
import { WriteBuffer } from './write-buffer.js';

// So many messages do not wait for the end of the turn: their receiver works on them while this side works on the next
// (measured with 64 requests at once on two processors: a tenth more of them; with 8 no more than with 16).
const MAX_WAITING_HEADS = 16;

export interface SendQueueOptions {
  readonly encoder: HpackEncoder;
  /** Writes bytes below; the owner calls `sent` when they have left. */
  readonly send: (bytes: Buffer) => void;
  /** Runs a function after the current turn of the event loop. */
  readonly schedule: (run: () => void) => void;
  readonly floodGuard: FloodGuard;
  /** Told of what an observer of a stream throws. */
  readonly failed: (error: unknown) => void;
}

export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #backlog = new Backlog();
  readonly #data = new DataScheduler();
  readonly #scheduler: FrameScheduler;
  #waitingHeads = 0;
  #state: 'resting' | 'scheduled' | 'flushing' | 'closed' = 'resting';
  readonly #run = (): void => {
    if (this.#state === 'scheduled') this.flush();
  };
  readonly #send = (bytes: Buffer): void => {
    this.#backlog.add(bytes.length);
    this.#options.send(bytes);
  };

  constructor(options: SendQueueOptions) {
    const { encoder, floodGuard } = options;
    this.#options = options;
    this.#scheduler = new FrameScheduler({ encoder, floodGuard, backlog: this.#backlog, data: this.#data });
  }

  /** Whether more waits below than an honest peer ever lets come together. */
  get isOverfull(): boolean {
    return this.#backlog.isOverfull(this.#scheduler.controlBytes);
  }

  control(frame: Buffer): void {
    if (this.#state === 'closed') return;
    this.#scheduler.addControl(frame);
    this.#schedule();
  }

  head(half: SendHalf, head: Head): void {
    this.#scheduler.addHead(half, head);
    this.#schedule();
    this.#waitingHeads += 1;
    // Not at once: whoever gave us the head is in the middle of its work, and its body may follow.
    if (this.#waitingHeads === MAX_WAITING_HEADS) queueMicrotask(this.#run);
  }

  /** A stream has something to send, or a wider window. */
  wake(half: SendHalf): void {
    if (!half.isReady) return;
    this.#data.add(half);
    this.#schedule();
  }

  /** Takes a stream out: it was reset. */
  drop(half: SendHalf): void {
    half.abort();
    half.queue?.remove(half);
  }

  /** Widens the window of the connection. */
  increaseWindow(increment: number): 'overflow' | undefined {
    const { isBlockedOnConnection } = this.#data;
    if (this.#data.increaseWindow(increment) === 'overflow') return 'overflow';
    if (isBlockedOnConnection) this.#schedule(); // who waits for room below goes on waiting for it
    return undefined;
  }

  /** Bytes that were handed below have left. */
  sent(bytes: number): void {
    this.#backlog.remove(bytes);
    if (this.#state === 'resting' && !this.#scheduler.isEmpty && this.#backlog.isLow) this.flush();
  }

  /** Sends what may leave, now. */
  flush(): void {
    if (this.#state === 'flushing' || this.#state === 'closed') return;
    this.#state = 'flushing';
    let progressed: SendHalf[];
    try {
      progressed = this.#write();
    } catch (error) {
      this.#options.failed(error); // what has left can no longer be told from what has not
      return;
    }
    if (this.#isClosed()) return; // by the owner, while it was sending
    this.#state = 'resting';
    // What came up meanwhile, or what this turn had no time for. What had no room waits for `sent`.
    if (this.#scheduler.controlBytes > 0 || (!this.#scheduler.isEmpty && !this.#backlog.isFull)) this.#schedule();
    this.#report(progressed);
  }

  /** Sends the control frames that wait and `last`, and nothing after it. */
  close(last: Buffer): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#scheduler.clear();
    try {
      const output = new WriteBuffer(this.#send);
      this.#scheduler.writeControl(output);
      output.append(last);
      output.close();
    } catch {
      // what is below takes nothing any more, and whoever owns it is told of the end in any case
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #schedule(): void {
    if (this.#state !== 'resting') return;
    this.#state = 'scheduled';
    this.#options.schedule(this.#run);
  }

  #write(): SendHalf[] {
    this.#backlog.beginTurn();
    this.#waitingHeads = 0;
    const output = new WriteBuffer(this.#send);
    const progressed = this.#scheduler.write(output);
    output.close();
    return progressed;
  }

  /** After everything was handed over, so that what streams do now cannot come in between. */
  #report(progressed: readonly SendHalf[]): void {
    try {
      for (const half of progressed) {
        if (half.isOver) half.owner.endStreamSent();
        else half.owner.drained();
      }
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
