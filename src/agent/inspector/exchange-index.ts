/**
 * Where each exchange is, by its number: numbers ascend by one, and the oldest exchange goes first, so a ring of two numbers for
 * each is enough. Maps of as many entries cost several times as much to write and to free.
 */
import type { Captured } from './captured.js';

/** Stands for the position of a record. */
const OPEN = -1;
const ELSEWHERE = -2;

const MIN_ENTRIES = 256;

/** What each entry takes up. */
export const ENTRY_BYTES = 24;

export class ExchangeIndex {
  #first = 1;
  #next = 1;
  #mask = MIN_ENTRIES - 1;
  /** The position before its first byte, and that of its record. */
  #positions = new Float64Array(2 * MIN_ENTRIES);
  #objects: (Captured | undefined)[] = new Array<Captured | undefined>(MIN_ENTRIES).fill(undefined);

  /** The number of the oldest one. */
  get first(): number {
    return this.#first;
  }

  /** The number of the next one. */
  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#next - this.#first;
  }

  has(seq: number): boolean {
    return seq >= this.#first && seq < this.#next;
  }

  /** The next one, of which all bytes are behind `start`. */
  add(captured: Captured, start: number): void {
    if (this.size > this.#mask) this.#grow();
    const at = this.#next++ & this.#mask;
    this.#positions[2 * at] = start;
    this.#positions[2 * at + 1] = OPEN;
    this.#objects[at] = captured;
  }

  /** Removes the oldest one. */
  shift(): void {
    this.#objects[this.#first++ & this.#mask] = undefined;
  }

  /** Where the bytes of the oldest one begin, or of those to come. */
  start(end: number): number {
    return this.size === 0 ? end : (this.#positions[2 * (this.#first & this.#mask)] as number);
  }

  /** Undefined for one that is a record, and for one that is kept elsewhere. */
  object(seq: number): Captured | undefined {
    return this.has(seq) ? this.#objects[seq & this.#mask] : undefined;
  }

  /** The position of its record, if it is one. */
  record(seq: number): number | undefined {
    const position = this.has(seq) ? (this.#positions[2 * (seq & this.#mask) + 1] as number) : OPEN;
    return position < 0 ? undefined : position;
  }

  isElsewhere(seq: number): boolean {
    return this.has(seq) && this.#positions[2 * (seq & this.#mask) + 1] === ELSEWHERE;
  }

  setRecord(seq: number, position: number): void {
    this.#set(seq, position, undefined);
  }

  setObject(seq: number, captured: Captured): void {
    this.#set(seq, OPEN, captured);
  }

  setElsewhere(seq: number): void {
    this.#set(seq, ELSEWHERE, undefined);
  }

  #set(seq: number, position: number, captured: Captured | undefined): void {
    if (!this.has(seq)) return;
    const at = seq & this.#mask;
    this.#positions[2 * at + 1] = position;
    this.#objects[at] = captured;
  }

  #grow(): void {
    const [positions, objects, before] = [this.#positions, this.#objects, this.#mask];
    this.#mask = 2 * (before + 1) - 1;
    this.#positions = new Float64Array(2 * (this.#mask + 1));
    this.#objects = new Array<Captured | undefined>(this.#mask + 1).fill(undefined);
    for (let seq = this.#first; seq < this.#next; seq++) {
      const [from, to] = [seq & before, seq & this.#mask];
      // One by one: two views for each would make a pause of milliseconds of it.
      this.#positions[2 * to] = positions[2 * from] as number;
      this.#positions[2 * to + 1] = positions[2 * from + 1] as number;
      this.#objects[to] = objects[from];
    }
  }
}
