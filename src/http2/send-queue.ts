/**
 * What leaves a connection, and in which order: control frames, then heads, then DATA in turns of 16 KiB, so that no
 * download starves a small answer. Frames wait for the end of the event-loop turn and leave together: each message below
 * costs a system call at both ends, so one turn should be one message. `setImmediate` and not `queueMicrotask`: microtasks
 * run after the callback of each single socket, the check phase after those of all sockets that were ready (measured with
 * 64 sockets: a third of the messages).
 *
 * What is handed below is bounded, since nothing can pass it there: DATA and heads wait until the owner says that enough
 * of it was sent.
 */
import type { Buffer } from 'node:buffer';
import type { Abuse } from './abuse.js';
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES, Flag } from './frame-types.js';
import type { HpackEncoder } from './hpack/encoder.js';
import { Output } from './output.js';
import type { Head, SendSide } from './send-side.js';
import { TurnList } from './turn-list.js';
import { SendWindow } from './window.js';

// At 10 Mbit/s a tenth of a second, on a fast path far more than the owner needs to keep its socket busy.
const MOST_BELOW_BYTES = 131_072;
// A peer that asks for control frames and does not read them gets no further than this.
const MOST_UNREAD_BYTES = 1_048_576;
// So many messages do not wait for the end of the turn: their receiver works on them while this side works on the next
// (measured with 64 requests at once on two processors: a tenth more of them; with 8 no more than with 16).
const MOST_WAITING_HEADS = 16;
// After this much other connections have their turn, however fast the owner sends.
const MOST_TURN_BYTES = 524_288;

export interface SendQueueOptions {
  readonly encoder: HpackEncoder;
  /** Writes bytes below; the owner calls `sent` when they have left. */
  readonly send: (bytes: Buffer) => void;
  /** Runs a function after the current turn of the event loop. */
  readonly schedule: (run: () => void) => void;
  readonly abuse: Abuse;
  /** Told of what an observer of a stream throws. */
  readonly failed: (error: unknown) => void;
}

export class SendQueue {
  /** The window of the connection. Widen it with `widen`. */
  readonly window = new SendWindow(DEFAULT_WINDOW_BYTES);
  readonly #options: SendQueueOptions;
  #control: Buffer[] = [];
  #controlBytes = 0;
  // A stream waits in one of these: with heads; with DATA of which none has left; with more DATA; for the window of the
  // connection.
  readonly #heads = new TurnList<SendSide>();
  readonly #fresh = new TurnList<SendSide>();
  readonly #begun = new TurnList<SendSide>();
  readonly #parked = new TurnList<SendSide>();
  #belowBytes = 0;
  #turnBytes = 0;
  #waitingHeads = 0;
  #state: 'resting' | 'scheduled' | 'flushing' | 'closed' = 'resting';
  readonly #run = (): void => {
    if (this.#state === 'scheduled') this.flush();
  };
  readonly #send = (bytes: Buffer): void => {
    this.#belowBytes += bytes.length;
    this.#turnBytes += bytes.length;
    this.#options.send(bytes);
  };

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  /** Whether more waits below than an honest peer ever lets come together. */
  get isOverfull(): boolean {
    return this.#belowBytes + this.#controlBytes > MOST_BELOW_BYTES + MOST_UNREAD_BYTES;
  }

  control(frame: Buffer): void {
    if (this.#state === 'closed') return;
    this.#control.push(frame);
    this.#controlBytes += frame.length;
    this.#schedule();
  }

  head(side: SendSide, head: Head): void {
    side.heads.push(head);
    this.#heads.add(side);
    this.#schedule();
    this.#waitingHeads += 1;
    // Not at once: whoever gave us the head is in the middle of its work, and its body may follow.
    if (this.#waitingHeads === MOST_WAITING_HEADS) queueMicrotask(this.#run);
  }

  /** A stream has something to send, or a wider window. */
  wake(side: SendSide): void {
    if (!side.isReady) return;
    if (side.isFresh) this.#fresh.add(side);
    else this.#begun.add(side);
    this.#schedule();
  }

  /** Takes a stream out: it was reset. */
  drop(side: SendSide): void {
    side.abandon();
    side.list?.remove(side);
  }

  /** Widens the window of the connection. */
  widen(increment: number): 'overflow' | undefined {
    if (this.window.widen(increment) === 'overflow') return 'overflow';
    this.#parked.empty((side) => this.wake(side));
    return undefined;
  }

  /** Bytes that were handed below have left. */
  sent(bytes: number): void {
    this.#belowBytes = Math.max(this.#belowBytes - bytes, 0);
    if (this.#state === 'resting' && this.#hasWork() && this.#belowBytes <= MOST_BELOW_BYTES / 2) this.flush();
  }

  /** Sends what may leave, now. */
  flush(): void {
    if (this.#state === 'flushing' || this.#state === 'closed') return;
    this.#state = 'flushing';
    const touched: SendSide[] = [];
    try {
      this.#writeAll(touched);
    } catch (error) {
      this.#options.failed(error); // what has left can no longer be told from what has not
      return;
    }
    if (this.#isClosed()) return; // by the owner, while it was sending
    this.#state = 'resting';
    // What came up meanwhile, or what this turn had no time for. What had no room waits for `sent`.
    if (this.#control.length > 0 || (this.#hasWork() && this.#belowBytes < MOST_BELOW_BYTES)) this.#schedule();
    this.#report(touched);
  }

  /** Sends the control frames that wait and `last`, and nothing after it. */
  close(last: Buffer): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const list of [this.#heads, this.#fresh, this.#begun, this.#parked]) list.empty(() => {});
    try {
      const output = new Output(this.#send);
      this.#writeControl(output);
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

  #hasWork(): boolean {
    return this.#control.length > 0 || this.#heads.first !== undefined || this.#hasData();
  }

  #hasData(): boolean {
    return this.#fresh.first !== undefined || this.#begun.first !== undefined;
  }

  #hasRoom(output: Output): boolean {
    return this.#belowBytes + output.waitingBytes < MOST_BELOW_BYTES && this.#turnBytes < MOST_TURN_BYTES;
  }

  #writeAll(touched: SendSide[]): void {
    const output = new Output(this.#send);
    this.#writeControl(output);
    if (this.#writeHeads(output, touched)) this.#writeData(output, touched);
    output.close();
  }

  #writeControl(output: Output): void {
    this.#turnBytes = 0;
    this.#waitingHeads = 0;
    const frames = this.#control;
    this.#control = [];
    this.#controlBytes = 0;
    for (const frame of frames) output.append(frame);
  }

  #writeHeads(output: Output, touched: SendSide[]): boolean {
    for (let side = this.#heads.first; side !== undefined; side = this.#heads.first) {
      if (!this.#hasRoom(output)) return false;
      this.#heads.remove(side);
      this.#writeHeadsOf(side, output, touched);
    }
    return true;
  }

  #writeHeadsOf(side: SendSide, output: Output, touched: SendSide[]): void {
    for (const head of side.heads) {
      const flags = side.headFlags(head);
      // Encoded only here: the header table must see the blocks in the order of the wire (RFC 7541 section 2.2).
      const { bytes, at } = this.#options.encoder.encodeInPlace(head.fields);
      output.headers(side.streamId, flags, bytes, at, DEFAULT_MAX_FRAME_BYTES);
      if ((flags & Flag.END_STREAM) !== 0) touched.push(side);
    }
    side.heads.length = 0;
    this.wake(side); // for DATA that was written before the head left
  }

  /** Turns between streams that have not begun and those that have, so that neither waits for all of the others. */
  #writeData(output: Output, touched: SendSide[]): void {
    while (this.#hasData()) {
      for (const list of [this.#fresh, this.#begun]) {
        const side = list.first;
        if (side === undefined) continue;
        if (!this.#hasRoom(output)) return;
        list.remove(side);
        this.#writeDataOf(side, output, touched);
      }
    }
  }

  #writeDataOf(side: SendSide, output: Output, touched: SendSide[]): void {
    if (!side.isReady) return;
    if (side.pendingBytes > 0 && this.window.bytes <= 0) {
      this.#parked.add(side);
      return;
    }
    const bytes = side.writeData(output, Math.min(this.window.bytes, DEFAULT_MAX_FRAME_BYTES));
    this.window.bytes -= bytes;
    // What the peer may well answer with window updates.
    this.#options.abuse.windowUpdates.earn(2 + bytes / 1_024);
    if (side.heads.length > 0) this.#writeHeadsOf(side, output, touched);
    else if (side.isOver) touched.push(side);
    else {
      if (side.isReady) this.#begun.add(side);
      if (side.takeDrained()) touched.push(side);
    }
  }

  /** After everything was handed over, so that what streams do now cannot come in between. */
  #report(touched: readonly SendSide[]): void {
    try {
      for (const side of touched) {
        if (side.isOver) side.owner.endLeft();
        else side.owner.drained();
      }
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
