/**
 * When a connection sends; the order is `frame-scheduler.ts`. Frames wait for the end of the event-loop turn and leave
 * together: each call of `send` costs a system call at both ends, so one turn should make one call. `setImmediate` and not
 * `queueMicrotask`: microtasks run after the callback of each socket, the check phase after those of all sockets that were
 * ready (measured with 64 sockets: a third of the calls). Heads and DATA are sent while the backlog has room
 * (`backlog.ts`).
 */
import type { Buffer } from 'node:buffer';
import type { FloodGuard } from '../flood-guard.js';
import type { SendWindow } from '../flow/window.js';
import type { HpackEncoder } from '../hpack/encoder.js';
import { Backlog } from './backlog.js';
import { DataScheduler } from './data-scheduler.js';
import { FrameScheduler } from './frame-scheduler.js';
import type { Head, SendHalf } from './send-half.js';
import type { Slab } from './slab.js';
import { WriteBuffer } from './write-buffer.js';

// This many heads are sent without waiting for the end of the turn: the receiver works on them while this side works on the
// next (measured with 64 concurrent requests on two processors: a tenth more requests; 8 gave no more than 16).
const MAX_WAITING_HEADS = 16;

export interface SendQueueOptions {
  readonly encoder: HpackEncoder;
  /** The owner's output; the owner calls `sent` when the bytes have left, after which they are overwritten. */
  readonly send: (bytes: Buffer) => void;
  /** How many bytes in front of those that are sent the owner may write to, for its framing. */
  readonly headroomBytes: number;
  /** Runs a function after the current turn of the event loop. */
  readonly schedule: (run: () => void) => void;
  readonly floodGuard: FloodGuard;
  /** Nothing is sent before `release`. */
  readonly isHeld?: boolean;
  /** Receives what a stream's observer throws. */
  readonly failed: (error: unknown) => void;
}

export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #backlog = new Backlog();
  readonly #data = new DataScheduler();
  readonly #scheduler: FrameScheduler;
  #waitingHeads = 0;
  #isHeld: boolean;
  #state: 'resting' | 'scheduled' | 'flushing' | 'closed' = 'resting';
  readonly #run = (): void => {
    if (this.#state === 'scheduled') this.flush();
  };
  readonly #send = (bytes: Buffer, slab: Slab): void => {
    this.#backlog.add(bytes.length, slab);
    this.#options.send(bytes);
  };

  constructor(options: SendQueueOptions) {
    const { encoder, floodGuard, isHeld = false } = options;
    this.#isHeld = isHeld;
    this.#options = options;
    this.#scheduler = new FrameScheduler({ encoder, floodGuard, backlog: this.#backlog, data: this.#data });
  }

  /** Whether the backlog exceeds what an honest peer ever causes. */
  get isOverfull(): boolean {
    return this.#backlog.isOverfull(this.#scheduler.controlBytes);
  }

  /** The window of the connection. */
  get window(): SendWindow {
    return this.#data.window;
  }

  /** Bytes that were given to `send` and have not left the owner's buffers. */
  get unsentBytes(): number {
    return this.#backlog.bytes;
  }

  /** All bytes that have left them. */
  get sentBytes(): number {
    return this.#backlog.sentBytes;
  }

  /** Sends what was held. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#schedule();
  }

  control(frame: Buffer): void {
    if (this.#state === 'closed') return;
    this.#scheduler.addControl(frame);
    this.#schedule();
  }

  /** Sends a control frame behind the heads that wait. */
  behindHeads(frame: Buffer): void {
    if (this.#state === 'closed') return;
    this.#scheduler.addBehindHeads(frame);
    this.#schedule();
  }

  head(half: SendHalf, head: Head): void {
    this.#scheduler.addHead(half, head);
    this.#schedule();
    this.#waitingHeads += 1;
    // Not synchronously: the caller is in the middle of its work, and the body may follow.
    if (this.#waitingHeads === MAX_WAITING_HEADS) queueMicrotask(this.#run);
  }

  /** A stream has something to send, or a larger window. */
  wake(half: SendHalf): void {
    if (!half.isReady) return;
    this.#data.add(half);
    this.#schedule();
  }

  /** Sends a stream with another priority from now on. */
  prioritize(half: SendHalf, priority: number): void {
    half.priority = priority;
    this.#data.requeue(half);
  }

  /** Removes a stream that was reset. */
  drop(half: SendHalf): void {
    half.abort();
    half.queue?.remove(half);
  }

  /** Increases the window of the connection. */
  increaseWindow(increment: number): 'overflow' | undefined {
    const { isBlockedOnConnection } = this.#data;
    if (this.#data.increaseWindow(increment) === 'overflow') return 'overflow';
    if (isBlockedOnConnection) this.#schedule(); // streams that wait for room in the backlog still wait for it
    return undefined;
  }

  /** Bytes given to `send` have left the owner's buffers. */
  sent(bytes: number): void {
    this.#backlog.remove(bytes);
    if (this.#state === 'resting' && !this.#scheduler.isEmpty && this.#backlog.isLow) this.flush();
  }

  /** Sends what may leave, now. */
  flush(): void {
    if (this.#state === 'flushing' || this.#state === 'closed' || this.#isHeld) return;
    this.#state = 'flushing';
    let progressed: SendHalf[];
    try {
      progressed = this.#write();
    } catch (error) {
      this.#options.failed(error); // what was sent can no longer be told from what was not
      return;
    }
    if (this.#isClosed()) return; // by the owner, within `send`
    this.#state = 'resting';
    // Schedules what was queued meanwhile and what exceeded this turn. What found no room in the backlog waits for `sent`.
    if (this.#scheduler.controlBytes > 0 || (!this.#scheduler.isEmpty && !this.#backlog.isFull)) this.#schedule();
    this.#report(progressed);
  }

  /** Sends the queued control frames and `last`, and nothing after them; nothing at all if it is held. */
  close(last: Buffer): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#scheduler.clear();
    if (this.#isHeld) return;
    try {
      const output = this.#open();
      this.#scheduler.writeControl(output);
      output.append(last);
      output.close();
    } catch {
      // the owner's output has failed; the owner is notified of the end in any case
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #schedule(): void {
    if (this.#state !== 'resting' || this.#isHeld) return;
    this.#state = 'scheduled';
    this.#options.schedule(this.#run);
  }

  #open(): WriteBuffer {
    return new WriteBuffer(this.#send, this.#options.headroomBytes);
  }

  #write(): SendHalf[] {
    this.#backlog.beginTurn();
    this.#waitingHeads = 0;
    const output = this.#open();
    const progressed = this.#scheduler.write(output);
    output.close();
    return progressed;
  }

  /** Called after everything was given to `send`, so that what streams do now cannot come in between. */
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
