/**
 * The live streams of a connection, by identifier. Not a `Map`, because every request of a link passes through this table:
 * a `Map` whose keys come and go is rehashed every few dozen of them, and in V8 the old backing store keeps its entries
 * and the store that replaced it alive. Once one of those is in the old generation, all later ones survive every minor
 * collection, each with the requests of its time (measured at the edge: minor collections took five times as long, and a
 * major one was due each second).
 */

// Open addressing with linear probing. Identifiers count upwards in steps of two, so nearly all are in their home slot. A
// peer that chooses colliding identifiers makes us probe at most as many slots as it may have streams.
const MIN_SLOTS = 8;
// An empty table with more slots than this shrinks, so that a burst costs memory only while it lasts.
const MAX_EMPTY_SLOTS = 256;

export class StreamIdTable<T extends { readonly id: number }> {
  // A power of two; at least half of them are free.
  #slots = emptySlots<T>(MIN_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#slots[this.#slotOf(id)];
  }

  /** Adds a stream whose identifier is not in the table. */
  add(stream: T): void {
    if (2 * (this.#size + 1) > this.#slots.length) this.#resize(2 * this.#slots.length);
    this.#slots[this.#slotOf(stream.id)] = stream;
    this.#size += 1;
  }

  /** Removes a stream, if it is in the table. */
  delete(id: number): void {
    const free = this.#slotOf(id);
    if (this.#slots[free] === undefined) return;
    this.#size -= 1;
    this.#free(free);
    if (this.#size === 0 && this.#slots.length > MAX_EMPTY_SLOTS) this.#resize(MIN_SLOTS);
  }

  *[Symbol.iterator](): Generator<T, void> {
    for (const stream of this.#slots) if (stream !== undefined) yield stream;
  }

  /** The slot of an identifier, or the free one where it would be. */
  #slotOf(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (id >>> 1) & mask;
    for (let stream = slots[slot]; stream !== undefined && stream.id !== id; stream = slots[slot])
      slot = (slot + 1) & mask;
    return slot;
  }

  /** Frees a slot and moves back the streams that it kept from their home slots. */
  #free(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let free = slot;
    let at = (free + 1) & mask;
    for (let stream = slots[at]; stream !== undefined; stream = slots[at]) {
      const fromHome = (at - (stream.id >>> 1)) & mask;
      if (fromHome >= ((at - free) & mask)) {
        slots[free] = stream;
        free = at;
      }
      at = (at + 1) & mask;
    }
    slots[free] = undefined;
  }

  #resize(slots: number): void {
    const before = this.#slots;
    this.#slots = emptySlots(slots);
    for (const stream of before) if (stream !== undefined) this.#slots[this.#slotOf(stream.id)] = stream;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
