/**
 * Undoes permessage-deflate (RFC 7692) in one direction, message by message, in zlib's own thread. The window goes on from one
 * message to the next: after one that cannot be read, none behind it can.
 */
import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import { MAX_MESSAGE_KEPT } from './message-log.js';

/** What became of a message: its length and its first bytes. */
export interface Inflated {
  readonly bytes: number;
  readonly payload: Buffer;
}

// Section 7.2.2.
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

// A message may be a thousand times as long as its compressed form: nothing that an app sends is longer than this.
const MAX_INFLATED_BYTES = 67_108_864;
// What an app sends in the long run is less than so many times its compressed form: the processor is for the tunnel.
const MAX_RATIO = 100;
// What waits for zlib. More would be kept only to be shown.
const MAX_WAITING_BYTES = 4_194_304;

interface Waiting {
  readonly compressed: Buffer;
  readonly done: (inflated: Inflated | undefined) => void;
}

export class MessageInflater {
  readonly #stream: InflateRaw = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #pieces: Buffer[] = [];
  #kept = 0;
  #bytes = 0;
  #allowedBytes = MAX_INFLATED_BYTES;
  #isBroken = false;

  constructor() {
    this.#stream.on('error', () => this.#break());
    this.#stream.on('data', (piece: Buffer) => this.#take(piece));
  }

  /** Calls `done` with the message, or without when it cannot be read. Messages are done in their order. */
  inflate(compressed: Buffer, done: Waiting['done']): void {
    this.#waitingBytes += compressed.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#break();
    if (this.#isBroken) return void done(undefined);
    this.#allowedBytes = Math.min(MAX_INFLATED_BYTES, this.#allowedBytes + compressed.length * MAX_RATIO);
    this.#waiting.push({ compressed, done });
    if (this.#waiting.length === 1) this.#next();
  }

  /** No message can be read any more. */
  close(): void {
    this.#break();
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#stream.write(first.compressed);
    this.#stream.write(TAIL);
    this.#stream.flush(constants.Z_SYNC_FLUSH, () => this.#finish(first));
  }

  #take(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#allowedBytes -= piece.length;
    if (this.#bytes > MAX_INFLATED_BYTES || this.#allowedBytes < 0) return void this.#break();
    const kept = piece.subarray(0, MAX_MESSAGE_KEPT - this.#kept);
    if (kept.length > 0) this.#pieces.push(Buffer.from(kept));
    this.#kept += kept.length;
  }

  #finish(first: Waiting): void {
    if (this.#isBroken) return;
    this.#waiting.shift();
    this.#waitingBytes -= first.compressed.length;
    first.done({ bytes: this.#bytes, payload: Buffer.concat(this.#pieces) });
    this.#pieces = [];
    this.#kept = 0;
    this.#bytes = 0;
    this.#next();
  }

  #break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#pieces = [];
    this.#stream.destroy();
    for (const { done } of this.#waiting.splice(0)) done(undefined);
  }
}
