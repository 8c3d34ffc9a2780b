/** Integers with a prefix of N bits (RFC 7541 section 5.1). */
import { HpackError } from './hpack-error.js';

/** A position in bytes that are read or written in order. */
export interface Cursor {
  bytes: Uint8Array;
  at: number;
}

// The octets after the prefix that are read: 28 bits, far above all our limits, and each sum stays a small integer.
// Section 5.1 lets an implementation bound both the value and the length (zeros can be appended without end).
const MAX_CONTINUATIONS = 4;

/** The most octets that `writeInteger` produces for a value below 2^31. */
export const MAX_INTEGER_BYTES = 6;

/** Reads an integer whose prefix is the low `prefixBits` of the octet at the cursor. */
export function readInteger(cursor: Cursor, prefixBits: number): number {
  const { bytes } = cursor;
  if (cursor.at >= bytes.length) throw new HpackError('the block ends where an integer should begin');
  const max = (1 << prefixBits) - 1;
  let value = (bytes[cursor.at++] as number) & max;
  if (value < max) return value;
  for (let shift = 0; shift < 7 * MAX_CONTINUATIONS; shift += 7) {
    if (cursor.at >= bytes.length) throw new HpackError('the block ends within an integer');
    const octet = bytes[cursor.at++] as number;
    value += (octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  throw new HpackError('an integer is longer than any that could be meant');
}

/** Writes an integer below 2^31 after `flags`, the bits before its prefix. */
export function writeInteger(cursor: Cursor, flags: number, prefixBits: number, value: number): void {
  const { bytes } = cursor;
  const max = (1 << prefixBits) - 1;
  if (value < max) {
    bytes[cursor.at++] = flags | value;
    return;
  }
  bytes[cursor.at++] = flags | max;
  let rest = value - max;
  for (; rest >= 0x80; rest >>>= 7) bytes[cursor.at++] = 0x80 | (rest & 0x7f);
  bytes[cursor.at++] = rest;
}
