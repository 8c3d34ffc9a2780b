/**
 * A bounded cache for keys that strangers choose: two generations of entries, and when the younger one is full the older one
 * is dropped. Entries in use stay, however many other keys a client invents.
 */
export class RecentMap<Value> {
  readonly #maxEntries: number;
  readonly #maxKeyLength: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** Holds up to twice `maxEntries` values; a key longer than `maxKeyLength` code units is not stored. */
  constructor(maxEntries: number, maxKeyLength: number) {
    this.#maxEntries = maxEntries;
    this.#maxKeyLength = maxKeyLength;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, value: Value): void {
    if (key.length > this.#maxKeyLength) return;
    if (this.#young.size >= this.#maxEntries) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
