/**
 * What never enters a table comes again all the same: the cookie and the credentials of one person, in each request.
 * A few such literals are kept per connection together with what they turned into, so that a long one costs a comparison
 * (a tenth of a microsecond) and not the Huffman code of each octet (some microseconds). Nothing about the bytes on the
 * wire depends on it, nor does anything of another connection.
 */
import { Buffer } from 'node:buffer';
import type { TableField } from './static-table.js';

// Some people's sessions at once. All are compared, so there are no more than a miss can bear.
const MAX_LITERALS = 8;

// Below, coding costs as little as comparing; above, keeping would cost a connection more than 32 KiB.
const MIN_BYTES = 32;
const MAX_BYTES = 2_048;

interface EncodedLiteral {
  readonly name: string;
  readonly value: string;
  readonly tail: number;
  readonly bytes: Buffer;
}

/** Literals that an encoder wrote: from the field to its representation. */
export class EncodedLiteralCache {
  readonly #literals: EncodedLiteral[] = [];
  #oldest = 0;

  /** The representation of a field that was kept. */
  find(name: string, value: string): Buffer | undefined {
    if (value.length < MIN_BYTES) return undefined;
    const tail = tailOf(value);
    for (let age = 1; age <= this.#literals.length; age++) {
      const literal = this.#literals[indexByAge(this.#oldest, age)] as EncodedLiteral;
      if (literal.tail === tail && literal.value === value && literal.name === name) return literal.bytes;
    }
    return undefined;
  }

  /** Keeps a representation, copied from where it stands, in place of the oldest. */
  add(name: string, value: string, bytes: Uint8Array, start: number, end: number): void {
    if (value.length < MIN_BYTES || value.length > MAX_BYTES) return;
    this.#literals[this.#oldest] = { name, value, tail: tailOf(value), bytes: copyOf(bytes, start, end) };
    this.#oldest = (this.#oldest + 1) % MAX_LITERALS;
  }
}

// The former assertions of one person are as long as the one of now and begin with the same hundreds of octets: the last
// ones tell them apart. Not the very last, which has two bits of a signature.
function tailOf(value: string): number {
  const at = value.length - 4;
  return (value.charCodeAt(at) << 16) | (value.charCodeAt(at + 1) << 8) | value.charCodeAt(at + 2);
}

interface DecodedLiteral<Field> {
  readonly bytes: Buffer;
  readonly field: Field;
}

/** Literals that a decoder read: from the representation to the field. The same representation gives the same strings. */
export class DecodedLiteralCache<Field extends TableField> {
  readonly #literals: DecodedLiteral<Field>[] = [];
  #oldest = 0;

  /** The kept field whose representation stands at a place, if any; `bytes` of it are how many octets it takes there. */
  find(block: Buffer, at: number): DecodedLiteral<Field> | undefined {
    for (let age = 1; age <= this.#literals.length; age++) {
      const literal = this.#literals[indexByAge(this.#oldest, age)] as DecodedLiteral<Field>;
      const { bytes } = literal;
      const end = at + bytes.length;
      // Most differ in the name, which stands in front, or in the last octet: seldom is anything compared in vain.
      if (block[at] !== bytes[0] || block[at + 1] !== bytes[1] || block[end - 1] !== bytes[bytes.length - 1]) continue;
      if (end <= block.length && block.compare(bytes, 0, bytes.length, at, end) === 0) return literal;
    }
    return undefined;
  }

  /** Keeps a field with the representation that it was read from, in place of the oldest. */
  add(field: Field, block: Buffer, start: number, end: number): void {
    const length = field.name.length + field.value.length;
    if (end - start < MIN_BYTES || Math.max(end - start, length) > MAX_BYTES) return;
    this.#literals[this.#oldest] = { bytes: copyOf(block, start, end), field };
    this.#oldest = (this.#oldest + 1) % MAX_LITERALS;
  }
}

// The newest first: it is the one that is asked for, as long as one person asks.
function indexByAge(oldest: number, age: number): number {
  return (oldest - age + MAX_LITERALS) % MAX_LITERALS;
}

// Not from Node's pool, and not a view of it: a secret that is kept for long must not keep a slab of others' alive.
function copyOf(bytes: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
