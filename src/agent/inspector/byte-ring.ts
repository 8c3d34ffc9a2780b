/**
 * Bytes in the order in which they were written, the oldest of which go first. They are copied into slabs that are used again and
 * again: a Buffer for each of them would have to be allocated, moved by the garbage collector as it survives, and found dead
 * seconds later among ten thousand others, which costs an agent more than all else that it does with a request of 1 KB.
 *
 * The slabs are shared memory, which V8 leaves out of its account of what Buffers take up. In that account fifty megabytes, which never
 * go, would leave so little to its limit that each few hundred responses caused a full collection (measured: with
 * bodies of 100 KB half of what capture costs). `fill` copies as `memcpy` does; `set` copies shared memory byte by byte.
 *
 * A position is a number of bytes since the start; it grows for good.
 */
import { randomFill } from 'node:crypto';

const MAX_SLAB_BYTES = 262_144;
const MIN_SLAB_BYTES = 4_096;
// Of a small ring no more than this is for what is written next.
const MIN_SLABS = 16;

/** Writes to all of a slab, away from this thread, and says when it has. */
export type Touch = (slab: Buffer, touched: () => void) => void;

// Any asynchronous function would do that writes to memory on a thread of the pool; it does not matter what.
const touchByPool: Touch = (slab, touched) => randomFill(slab, touched);

export class ByteRing {
  readonly #slabBytes: number;
  readonly #touch: Touch;
  /** By the number of the slab since the start, modulo their number. One is made when it is needed for the first time. */
  readonly #slabs: (Buffer | undefined)[];
  /** Kept: what runs at once goes at once, many slabs of it, and V8 would not hurry to free what it does not count. */
  readonly #spare: Buffer[] = [];
  #made = 0;
  #isPreparing = false;
  #head = 0;
  #tail = 0;
  /** The slab that is written to, and the room that is left in it. */
  #slab: Buffer | undefined;
  #room = 0;

  /** The caller frees before it writes, so that it never holds more than `maxBytes`. */
  constructor(maxBytes: number, touch: Touch = touchByPool) {
    this.#touch = touch;
    this.#slabBytes = Math.min(MAX_SLAB_BYTES, Math.max(MIN_SLAB_BYTES, Math.floor(maxBytes / MIN_SLABS)));
    this.#slabs = new Array<Buffer | undefined>(Math.ceil(maxBytes / this.#slabBytes) + 1).fill(undefined);
  }

  /** Where the next byte will be. */
  get head(): number {
    return this.#head;
  }

  get length(): number {
    return this.#head - this.#tail;
  }

  append(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const slab = this.#writable();
      const taken = Math.min(this.#room, bytes.length - at);
      const offset = this.#slabBytes - this.#room;
      slab.fill(at === 0 ? bytes : bytes.subarray(at), offset, offset + taken);
      this.#wrote(taken);
      at += taken;
    }
  }

  /** A byte for each code unit. */
  appendLatin1(text: string): void {
    const slab = this.#writable();
    if (text.length > this.#room) {
      this.append(Buffer.from(text, 'latin1'));
      return;
    }
    slab.write(text, this.#slabBytes - this.#room, 'latin1');
    this.#wrote(text.length);
  }

  /** Fills `target` with the bytes from a position on, or returns false when they were freed. */
  read(position: number, target: Buffer): boolean {
    if (position < this.#tail || position + target.length > this.#head) return false;
    for (let at = 0; at < target.length; ) {
      const offset = (position + at) % this.#slabBytes;
      const slab = this.#slabs[this.#indexOf(position + at)];
      const taken = Math.min(this.#slabBytes - offset, target.length - at);
      if (slab !== undefined) target.fill(slab.subarray(offset, offset + taken), at, at + taken);
      at += taken;
    }
    return true;
  }

  /** What was written before a position is not needed any more. */
  free(position: number): void {
    let slabEnd = this.#tail - (this.#tail % this.#slabBytes) + this.#slabBytes;
    for (; slabEnd <= position; slabEnd += this.#slabBytes) {
      const index = this.#indexOf(slabEnd - 1);
      const slab = this.#slabs[index];
      if (slab !== undefined) this.#spare.push(slab);
      this.#slabs[index] = undefined;
    }
    this.#tail = position;
  }

  #writable(): Buffer {
    if (this.#room > 0 && this.#slab !== undefined) return this.#slab;
    const slab = this.#spare.pop() ?? this.#make();
    if (this.#head > 0) this.#prepare(); // not for the few requests that the first slab holds
    this.#slabs[this.#indexOf(this.#head)] = slab;
    this.#slab = slab;
    this.#room = this.#slabBytes;
    return slab;
  }

  /**
   * Makes the next slab before it is needed. The first write to each of its pages makes the system find and clear it, which
   * may take this thread ten times as long as what it writes.
   */
  #prepare(): void {
    if (this.#isPreparing || this.#spare.length > 0 || this.#made >= this.#slabs.length) return;
    this.#isPreparing = true;
    const slab = this.#make();
    this.#touch(slab, () => {
      this.#isPreparing = false;
      this.#spare.push(slab);
    });
  }

  #make(): Buffer {
    this.#made += 1;
    return Buffer.from(new SharedArrayBuffer(this.#slabBytes));
  }

  #wrote(bytes: number): void {
    this.#head += bytes;
    this.#room -= bytes;
  }

  #indexOf(position: number): number {
    return Math.floor(position / this.#slabBytes) % this.#slabs.length;
  }
}
