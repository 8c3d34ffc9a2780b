/** String literals (RFC 7541 section 5.2): a length, then the octets or their Huffman code. */
import { Buffer } from 'node:buffer';
import { HpackError } from './hpack-error.js';
import { huffmanBytes, readHuffman, writeHuffman } from './huffman.js';
import { type Cursor, MAX_INTEGER_BYTES, readInteger, writeInteger } from './integer.js';

/** When strings are Huffman-coded. On a tie, plain octets are faster to read; the RFC's examples use the code. */
export type HuffmanUse = 'when-shorter' | 'unless-longer' | 'never';

// The code is used if it is shorter than the text plus this.
const TIES = { 'when-shorter': 0, 'unless-longer': 1, never: Number.NEGATIVE_INFINITY } as const;

const HUFFMAN_FLAG = 0x80;
const LENGTH_BITS = 7;

// The shortest code has five bits.
const MAX_EXPANSION = 8 / 5;

// Decoded octets before they become a string. One buffer for all connections, because a string is read synchronously.
// Longer strings, which are rare, get their own once they are known to be within the limits.
const scratch = Buffer.allocUnsafeSlow(8_192);

// From this length on a native copy is cheaper than a loop.
const NATIVE_COPY_BYTES = 32;

/** The most octets that `writeString` produces. */
export function maxStringBytes(text: string): number {
  return MAX_INTEGER_BYTES + text.length;
}

/** Writes a string. Throws `HpackError`, with nothing written, if a code unit is not an octet. */
export function writeString(cursor: Cursor & { bytes: Buffer }, text: string, use: HuffmanUse): void {
  const coded = huffmanBytes(text);
  if (coded < text.length + TIES[use]) {
    writeInteger(cursor, HUFFMAN_FLAG, LENGTH_BITS, coded);
    cursor.at = writeHuffman(text, cursor.bytes, cursor.at);
    return;
  }
  writeInteger(cursor, 0, LENGTH_BITS, text.length);
  if (text.length >= NATIVE_COPY_BYTES) cursor.bytes.write(text, cursor.at, 'latin1');
  else for (let at = 0; at < text.length; at++) cursor.bytes[cursor.at + at] = text.charCodeAt(at);
  cursor.at += text.length;
}

/**
 * Reads a string of at most `maxBytes`. A longer one is checked and skipped without being stored, and the result is
 * undefined.
 */
export function readString(cursor: Cursor & { bytes: Buffer }, maxBytes: number): string | undefined {
  const { bytes } = cursor;
  const coded = ((bytes[cursor.at] as number) & HUFFMAN_FLAG) !== 0;
  const length = readInteger(cursor, LENGTH_BITS);
  const start = cursor.at;
  const end = start + length;
  if (end > bytes.length) throw new HpackError('the block ends within a string');
  cursor.at = end;
  if (coded) return readCoded(bytes, start, end, maxBytes);
  return length > maxBytes ? undefined : bytes.toString('latin1', start, end);
}

function readCoded(bytes: Buffer, start: number, end: number, maxBytes: number): string | undefined {
  const fits = (end - start) * MAX_EXPANSION <= scratch.length;
  const target = fits ? scratch : Buffer.allocUnsafe(Math.min(maxBytes, Math.floor((end - start) * MAX_EXPANSION)));
  const length = readHuffman(bytes, start, end, target);
  return length > maxBytes ? undefined : target.toString('latin1', 0, length);
}
