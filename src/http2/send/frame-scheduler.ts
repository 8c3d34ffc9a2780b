/**
 * The order in which a connection sends: control frames, then heads, then DATA, one frame per stream in turn
 * (`data-scheduler.ts`), so that no download starves a small response.
 */
import type { Buffer } from 'node:buffer';
import type { FloodGuard } from '../flood-guard.js';
import { DEFAULT_MAX_FRAME_BYTES, FrameFlag } from '../frame/types.js';
import type { HpackEncoder } from '../hpack/encoder.js';
import type { Backlog } from './backlog.js';
import type { DataScheduler } from './data-scheduler.js';
import { IntrusiveQueue } from './intrusive-queue.js';
import type { Head, SendHalf } from './send-half.js';
import type { WriteBuffer } from './write-buffer.js';

// The WINDOW_UPDATE frames that an honest peer sends for a DATA frame: one for the stream and one for the connection, or one
// per so many bytes. A frame that the window cut short earns only its bytes, so that updates of one byte each cannot pay for
// more of them.
const UPDATES_PER_FRAME = 2;
const BYTES_PER_UPDATE = 512;

// A server that leaves asks once. What is more waits for nothing, and is counted with the other control frames.
const MAX_BEHIND_HEADS = 16;

export interface FrameSchedulerOptions {
  readonly encoder: HpackEncoder;
  readonly backlog: Backlog;
  readonly floodGuard: FloodGuard;
  readonly data: DataScheduler;
}

export class FrameScheduler {
  readonly #options: FrameSchedulerOptions;
  #control: Buffer[] = [];
  #controlBytes = 0;
  /** Control frames that follow the heads which wait now. */
  #behindHeads: Buffer[] = [];
  readonly #heads = new IntrusiveQueue<SendHalf>();
  readonly #data: DataScheduler;

  constructor(options: FrameSchedulerOptions) {
    this.#options = options;
    this.#data = options.data;
  }

  /** Bytes of the queued control frames. */
  get controlBytes(): number {
    return this.#controlBytes;
  }

  get isEmpty(): boolean {
    return this.#controlBytes === 0 && this.#heads.first === undefined && this.#data.isEmpty;
  }

  addControl(frame: Buffer): void {
    this.#control.push(frame);
    this.#controlBytes += frame.length;
  }

  /** A control frame that must not overtake a head. */
  addBehindHeads(frame: Buffer): void {
    if (this.#heads.first === undefined || this.#behindHeads.length >= MAX_BEHIND_HEADS) this.addControl(frame);
    else this.#behindHeads.push(frame);
  }

  addHead(half: SendHalf, head: Head): void {
    half.heads.push(head);
    this.#heads.add(half);
  }

  /** Removes all streams. */
  clear(): void {
    this.#behindHeads = [];
    this.#heads.clear();
    this.#data.clear();
  }

  /** Writes what may leave in this turn; returns the streams whose owners must be notified. */
  write(output: WriteBuffer): SendHalf[] {
    const progressed: SendHalf[] = [];
    this.writeControl(output);
    if (this.#writeHeads(output, progressed)) this.#writeData(output, progressed);
    return progressed;
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

  #writeHeads(output: WriteBuffer, progressed: SendHalf[]): boolean {
    for (let half = this.#heads.first; half !== undefined; half = this.#heads.first) {
      if (!this.#hasRoom(output)) return false;
      this.#heads.remove(half);
      this.#writeHeadsOf(half, output, progressed);
    }
    if (this.#behindHeads.length > 0) for (const frame of this.#behindHeads.splice(0)) output.append(frame);
    return true;
  }

  #writeHeadsOf(half: SendHalf, output: WriteBuffer, progressed: SendHalf[]): void {
    for (const head of half.heads) {
      const flags = half.headFlags(head);
      // Encoded only now: the dynamic table must see the blocks in the order of the wire (RFC 7541 section 2.2).
      const { bytes, at } = this.#options.encoder.encodeInPlace(head.fields);
      output.headers(half.streamId, flags, bytes, at, DEFAULT_MAX_FRAME_BYTES);
      if ((flags & FrameFlag.END_STREAM) !== 0) progressed.push(half);
    }
    half.heads.length = 0;
    this.#data.add(half); // content may have been written before the head left
  }

  #writeData(output: WriteBuffer, progressed: SendHalf[]): void {
    this.#data.preferNew();
    while (!this.#data.isEmpty && this.#hasRoom(output)) {
      const half = this.#data.next();
      if (half !== undefined) this.#writeDataOf(half, output, progressed);
    }
  }

  #writeDataOf(half: SendHalf, output: WriteBuffer, progressed: SendHalf[]): void {
    const bytes = this.#data.write(half, output);
    this.#options.floodGuard.windowUpdates.earn(updatesFor(bytes, half.pendingBytes === 0));
    if (half.heads.length > 0) this.#writeHeadsOf(half, output, progressed);
    else if (half.isOver) progressed.push(half);
    else {
      this.#data.add(half);
      if (half.takeDrained()) progressed.push(half);
    }
  }
}

function updatesFor(bytes: number, isComplete: boolean): number {
  return (isComplete ? UPDATES_PER_FRAME : 0) + bytes / BYTES_PER_UPDATE;
}
