/**
 * The live streams of a connection, by identifier. A table of our own because every request of a link goes through it: a
 * `Map` in which keys come and go is rebuilt every few dozen of them, and in V8 the table that it leaves keeps what it
 * held and the table that follows it. Once one of those is in the old generation, all that come after it outlive every
 * young collection, each with the requests of its time (measured at the edge: the young collections took five times as
 * long, and a collection of everything was due each second).
 */

// Open addressing with linear probing. Identifiers count upwards in steps of two, so that nearly all stand in their own
// place; a peer that chooses them to collide makes us look at no more places than it may have streams.
const MIN_SLOTS = 8;
// A burst costs its memory no longer than it lasts.
const MAX_EMPTY_SLOTS = 256;

export class StreamIdTable<T extends { readonly id: number }> {
  // A power of two, of which half at least is free.
  #slots = emptySlots<T>(MIN_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#slots[this.#slotOf(id)];
  }

  /** Adds one whose identifier is not here. */
  add(stream: T): void {
    if (2 * (this.#size + 1) > this.#slots.length) this.#resize(2 * this.#slots.length);
    this.#slots[this.#slotOf(stream.id)] = stream;
    this.#size += 1;
  }

  /** Takes one out, if it is here. */
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

  /** Where it stands, or would. */
  #slotOf(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (id >>> 1) & mask;
    for (let stream = slots[slot]; stream !== undefined && stream.id !== id; stream = slots[slot])
      slot = (slot + 1) & mask;
    return slot;
  }

  /** Frees a place, and moves into it what it kept from its own. */
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
