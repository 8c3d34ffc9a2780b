/**
 * Bytes that are kept as they pass. They are copied, since a chunk would keep alive all of the larger message that it is a part of,
 * and into few Buffers: one for each single byte that a peer sends would cost a hundred times what is accounted for it.
 */
export class KeptBytes {
  #pages: Buffer[] = [];
  #length = 0;
  /** What is not written yet of the last page. */
  #room = 0;

  get length(): number {
    return this.#length;
  }

  add(bytes: Buffer): void {
    const taken = Math.min(this.#room, bytes.length);
    if (taken > 0) this.#write(bytes.subarray(0, taken));
    if (taken === bytes.length) return;
    // Most bodies are one chunk, which needs no more room than itself.
    this.#room = Math.max(bytes.length - taken, Math.min(this.#length, MAX_SPARE_BYTES));
    this.#pages.push(Buffer.allocUnsafe(this.#room));
    this.#write(taken === 0 ? bytes : bytes.subarray(taken));
  }

  /** All of them in one piece, for good: nothing is written to it any more. */
  read(): Buffer {
    if (this.#pages.length > 1 || this.#room > 0) {
      this.#pages = [Buffer.concat(this.#pages, this.#length)];
      this.#room = 0;
    }
    return this.#pages[0] ?? EMPTY;
  }

  #write(bytes: Buffer): void {
    const page = this.#pages.at(-1);
    if (page === undefined || bytes.length === 0) return;
    bytes.copy(page, page.length - this.#room);
    this.#room -= bytes.length;
    this.#length += bytes.length;
  }
}

const EMPTY = Buffer.alloc(0);

const MAX_SPARE_BYTES = 65_536;
