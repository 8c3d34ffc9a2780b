/**
 * The live streams of a connection, by identifier. A table of our own because every request of a link goes through it: a
 * `Map` in which keys come and go is rebuilt every few dozen of them, and in V8 the table that it leaves keeps what it
 * held and the table that follows it. Once one of those is in the old generation, all that come after it outlive every
 * young collection, each with the requests of its time (measured at the edge: the young collections took five times as
 * long, and a collection of everything was due each second).
 */

// Open addressing with linear probing. Identifiers count upwards in steps of two, so that nearly all stand in their own
// place; a peer that chooses them to collide makes us look at no more places than it may have streams.
const MIN_PLACES = 8;
// A burst costs its memory no longer than it lasts.
const MAX_EMPTY_PLACES = 256;

export class StreamIdTable<T extends { readonly id: number }> {
  // A power of two, of which half at least is free.
  #places = emptyPlaces<T>(MIN_PLACES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#places[this.#placeOf(id)];
  }

  /** Adds one whose identifier is not here. */
  add(stream: T): void {
    if (2 * (this.#size + 1) > this.#places.length) this.#resize(2 * this.#places.length);
    this.#places[this.#placeOf(stream.id)] = stream;
    this.#size += 1;
  }

  /** Takes one out, if it is here. */
  delete(id: number): void {
    const free = this.#placeOf(id);
    if (this.#places[free] === undefined) return;
    this.#size -= 1;
    this.#free(free);
    if (this.#size === 0 && this.#places.length > MAX_EMPTY_PLACES) this.#resize(MIN_PLACES);
  }

  *[Symbol.iterator](): Generator<T, void> {
    for (const stream of this.#places) if (stream !== undefined) yield stream;
  }

  /** Where it stands, or would. */
  #placeOf(id: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    let place = (id >>> 1) & mask;
    for (let one = places[place]; one !== undefined && one.id !== id; one = places[place]) place = (place + 1) & mask;
    return place;
  }

  /** Frees a place, and moves into it what it kept from its own. */
  #free(place: number): void {
    const places = this.#places;
    const mask = places.length - 1;
    let free = place;
    let at = (free + 1) & mask;
    for (let one = places[at]; one !== undefined; one = places[at]) {
      const fromHome = (at - (one.id >>> 1)) & mask;
      if (fromHome >= ((at - free) & mask)) {
        places[free] = one;
        free = at;
      }
      at = (at + 1) & mask;
    }
    places[free] = undefined;
  }

  #resize(places: number): void {
    const before = this.#places;
    this.#places = emptyPlaces(places);
    for (const stream of before) if (stream !== undefined) this.#places[this.#placeOf(stream.id)] = stream;
  }
}

function emptyPlaces<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
