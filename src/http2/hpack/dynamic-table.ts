/**
 * The dynamic table (RFC 7541 sections 2.3.2 and 4): first in, first out, bounded by the size of its entries. The
 * decoder stores plain fields in it, the encoder its own entries.
 */
import type { TableField } from './static-table.js';

/** What an entry counts in addition to its name and value (section 4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** The initial size on both sides (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;

/** The size of an entry, and of a field in a list (RFC 9113 section 6.5.2 counts the same way). */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

// Enough for the entries of an ordinary connection; doubled when needed, always a power of two.
const FIRST_CAPACITY = 16;

/** A read-only view of a dynamic table. */
export interface TableView {
  /** The sum of the sizes of the entries. */
  readonly sizeBytes: number;
  /** The bound of `sizeBytes`. */
  readonly maxBytes: number;
  /** The entry that was inserted `age` entries before the newest, if it is still there. */
  get(age: number): TableField | undefined;
}

export class DynamicTable<Entry extends TableField> implements TableView {
  #ring: (Entry | undefined)[] = new Array(FIRST_CAPACITY);
  #inserted = 0;
  #evicted = 0;
  #sizeBytes = 0;
  #maxBytes: number;
  readonly #onEvict: ((entry: Entry) => void) | undefined;

  constructor(maxBytes: number, onEvict?: (entry: Entry) => void) {
    this.#maxBytes = maxBytes;
    this.#onEvict = onEvict;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** How many entries were ever inserted: the sequence number of the next one. */
  get inserted(): number {
    return this.#inserted;
  }

  /** How many entries were evicted: the sequence number of the oldest that is left. */
  get evicted(): number {
    return this.#evicted;
  }

  get(age: number): Entry | undefined {
    const place = this.#inserted - 1 - age;
    return place < this.#evicted ? undefined : this.#ring[place & (this.#ring.length - 1)];
  }

  /** Inserts an entry and evicts what does not fit with it. One larger than the table empties it (section 4.4). */
  add(entry: Entry): void {
    const size = fieldBytes(entry.name, entry.value);
    this.#evictTo(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    if (this.#inserted - this.#evicted === this.#ring.length) this.#grow();
    this.#ring[this.#inserted++ & (this.#ring.length - 1)] = entry;
    this.#sizeBytes += size;
  }

  /** Changes the bound and evicts what exceeds it (section 4.3). */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  /** Evicts everything. */
  clear(): void {
    this.#evictTo(0);
  }

  #evictTo(bytes: number): void {
    while (this.#evicted < this.#inserted && this.#sizeBytes > bytes) {
      const place = this.#evicted++ & (this.#ring.length - 1);
      const entry = this.#ring[place] as Entry;
      this.#ring[place] = undefined;
      this.#sizeBytes -= fieldBytes(entry.name, entry.value);
      this.#onEvict?.(entry);
    }
  }

  #grow(): void {
    const ring: (Entry | undefined)[] = new Array(this.#ring.length * 2);
    for (let place = this.#evicted; place < this.#inserted; place++) {
      ring[place & (ring.length - 1)] = this.#ring[place & (this.#ring.length - 1)];
    }
    this.#ring = ring;
  }
}
