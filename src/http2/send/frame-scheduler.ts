/**
 * In which order a connection sends: control frames, then heads, then DATA in turns of a frame (`data-scheduler.ts`), so that
 * no download starves a small response.
 */
import type { Buffer } from 'node:buffer';
import type { FloodGuard } from '../flood-guard.js';
import { DEFAULT_MAX_FRAME_BYTES, FrameFlag } from '../frame/types.js';
import type { HpackEncoder } from '../hpack/encoder.js';
import type { Backlog } from './backlog.js';
import { DataScheduler } from './data-scheduler.js';
import { IntrusiveQueue } from './intrusive-queue.js';
import type { Head, SendHalf } from './send-half.js';
import type { WriteBuffer } from './write-buffer.js';

// What an honest peer answers a DATA frame with: an update each of the stream and of the connection, or one for so many
// bytes. A frame that the window cut short is worth only its bytes: updates by one byte each must not pay for the next.
const UPDATES_OF_A_FRAME = 2;
const BYTES_OF_AN_UPDATE = 512;

export interface SendOrderOptions {
  readonly encoder: HpackEncoder;
  readonly backlog: Backlog;
  readonly abuse: FloodGuard;
}

export class FrameScheduler {
  readonly #options: SendOrderOptions;
  #control: Buffer[] = [];
  #controlBytes = 0;
  // A stream waits in one of these.
  readonly #heads = new IntrusiveQueue<SendHalf>();
  readonly #turns = new DataScheduler();

  constructor(options: SendOrderOptions) {
    this.#options = options;
  }

  /** Bytes of the control frames that wait. */
  get controlBytes(): number {
    return this.#controlBytes;
  }

  get isEmpty(): boolean {
    return this.#controlBytes === 0 && this.#heads.first === undefined && this.#turns.isEmpty;
  }

  /** Whether a stream waits for the window of the connection. */
  get isBlocked(): boolean {
    return this.#turns.isBlocked;
  }

  addControl(frame: Buffer): void {
    this.#control.push(frame);
    this.#controlBytes += frame.length;
  }

  addHead(side: SendHalf, head: Head): void {
    side.heads.push(head);
    this.#heads.add(side);
  }

  addData(side: SendHalf): void {
    this.#turns.add(side);
  }

  /** Widens the window of the connection. */
  widen(increment: number): 'overflow' | undefined {
    return this.#turns.widen(increment);
  }

  /** Takes out all streams. */
  clear(): void {
    this.#heads.empty();
    this.#turns.clear();
  }

  /** Writes what may leave in this turn; returns the streams that are to be told of it. */
  write(output: WriteBuffer): SendHalf[] {
    const touched: SendHalf[] = [];
    this.writeControl(output);
    if (this.#writeHeads(output, touched)) this.#writeData(output, touched);
    return touched;
  }

  writeControl(output: WriteBuffer): void {
    const frames = this.#control;
    this.#control = [];
    this.#controlBytes = 0;
    for (const frame of frames) output.append(frame);
  }

  #hasRoom(output: WriteBuffer): boolean {
    return this.#options.backlog.hasRoom(output.waitingBytes);
  }

  #writeHeads(output: WriteBuffer, touched: SendHalf[]): boolean {
    for (let side = this.#heads.first; side !== undefined; side = this.#heads.first) {
      if (!this.#hasRoom(output)) return false;
      this.#heads.remove(side);
      this.#writeHeadsOf(side, output, touched);
    }
    return true;
  }

  #writeHeadsOf(side: SendHalf, output: WriteBuffer, touched: SendHalf[]): void {
    for (const head of side.heads) {
      const flags = side.headFlags(head);
      // Encoded only here: the header table must see the blocks in the order of the wire (RFC 7541 section 2.2).
      const { bytes, at } = this.#options.encoder.encodeInPlace(head.fields);
      output.headers(side.streamId, flags, bytes, at, DEFAULT_MAX_FRAME_BYTES);
      if ((flags & FrameFlag.END_STREAM) !== 0) touched.push(side);
    }
    side.heads.length = 0;
    this.addData(side); // what was written before the head left
  }

  #writeData(output: WriteBuffer, touched: SendHalf[]): void {
    this.#turns.beginFresh();
    while (!this.#turns.isEmpty && this.#hasRoom(output)) {
      const side = this.#turns.next();
      if (side !== undefined) this.#writeDataOf(side, output, touched);
    }
  }

  #writeDataOf(side: SendHalf, output: WriteBuffer, touched: SendHalf[]): void {
    const bytes = this.#turns.write(side, output);
    this.#options.abuse.windowUpdates.earn(updatesFor(bytes, side.pendingBytes === 0));
    if (side.heads.length > 0) this.#writeHeadsOf(side, output, touched);
    else if (side.isOver) touched.push(side);
    else {
      this.#turns.add(side);
      if (side.takeDrained()) touched.push(side);
    }
  }
}

function updatesFor(bytes: number, isWhole: boolean): number {
  return (isWhole ? UPDATES_OF_A_FRAME : 0) + bytes / BYTES_OF_AN_UPDATE;
}
