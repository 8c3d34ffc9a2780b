/**
 * Never-indexed literals repeat too: the cookie and the credentials of one person, in each request. A few are cached per
 * connection with their representation, so that a long one costs a comparison (0.1 µs) and not the Huffman coding of each
 * octet (some microseconds). The bytes on the wire do not depend on it, and connections share nothing.
 */
import { Buffer } from 'node:buffer';
import type { TableField } from './static-table.js';

// The sessions of a few people. A miss compares all of them, so there are few.
const MAX_LITERALS = 8;

// Below the minimum, coding costs no more than comparing; above the maximum, a connection could hold more than 32 KiB.
const MIN_BYTES = 32;
const MAX_BYTES = 2_048;

interface EncodedLiteral {
  readonly name: string;
  readonly value: string;
  readonly tail: number;
  readonly bytes: Buffer;
}

/** Literals that an encoder has written: from the field to its representation. */
export class EncodedLiteralCache {
  readonly #literals: EncodedLiteral[] = [];
  #oldest = 0;

  /** The cached representation of a field. */
  find(name: string, value: string): Buffer | undefined {
    if (value.length < MIN_BYTES) return undefined;
    const tail = tailOf(value);
    for (let age = 1; age <= this.#literals.length; age++) {
      const literal = this.#literals[indexByAge(this.#oldest, age)] as EncodedLiteral;
      if (literal.tail === tail && literal.value === value && literal.name === name) return literal.bytes;
    }
    return undefined;
  }

  /** Adds a copy of a representation in place of the oldest. */
  add(name: string, value: string, bytes: Uint8Array, start: number, end: number): void {
    if (value.length < MIN_BYTES || value.length > MAX_BYTES) return;
    this.#literals[this.#oldest] = { name, value, tail: tailOf(value), bytes: copyOf(bytes, start, end) };
    this.#oldest = (this.#oldest + 1) % MAX_LITERALS;
  }
}

// Successive assertions of one person have the same length and the same first hundreds of octets; their last octets differ.
// Not the very last, which has only two bits of the signature.
function tailOf(value: string): number {
  const at = value.length - 4;
  return (value.charCodeAt(at) << 16) | (value.charCodeAt(at + 1) << 8) | value.charCodeAt(at + 2);
}

interface DecodedLiteral<Field> {
  readonly bytes: Buffer;
  readonly field: Field;
}

/** Literals that a decoder has read: from the representation to the field. */
export class DecodedLiteralCache<Field extends TableField> {
  readonly #literals: DecodedLiteral<Field>[] = [];
  #oldest = 0;

  /** The cached literal whose representation is at `at`, if any; its `bytes` have the length of the representation. */
  find(block: Buffer, at: number): DecodedLiteral<Field> | undefined {
    for (let age = 1; age <= this.#literals.length; age++) {
      const literal = this.#literals[indexByAge(this.#oldest, age)] as DecodedLiteral<Field>;
      const { bytes } = literal;
      const end = at + bytes.length;
      // Most differ in the name, which comes first, or in the last octet, so a full comparison seldom fails.
      if (block[at] !== bytes[0] || block[at + 1] !== bytes[1] || block[end - 1] !== bytes[bytes.length - 1]) continue;
      if (end <= block.length && block.compare(bytes, 0, bytes.length, at, end) === 0) return literal;
    }
    return undefined;
  }

  /** Adds a field with a copy of its representation in place of the oldest. */
  add(field: Field, block: Buffer, start: number, end: number): void {
    const length = field.name.length + field.value.length;
    if (end - start < MIN_BYTES || Math.max(end - start, length) > MAX_BYTES) return;
    this.#literals[this.#oldest] = { bytes: copyOf(block, start, end), field };
    this.#oldest = (this.#oldest + 1) % MAX_LITERALS;
  }
}

// The newest first: it is the most likely one, as long as one person sends requests.
function indexByAge(oldest: number, age: number): number {
  return (oldest - age + MAX_LITERALS) % MAX_LITERALS;
}

// Not from Node's pool, and not a view of the block: a cached secret must not keep a larger buffer alive.
function copyOf(bytes: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
