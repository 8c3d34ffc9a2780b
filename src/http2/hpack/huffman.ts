/** Strings in the Huffman code, both ways (RFC 7541 section 5.2). */

import { HpackError } from './hpack-error.js';
import { CODE_BITS, CODES, EOS, FIRST_CODES, MAX_CODE_BITS, SHORTER_SYMBOLS, SYMBOLS } from './huffman-code.js';

// A window of ten bits finds every code of up to ten, which is all that ordinary text consists of, in one look-up of a
// table that stays in the processor's nearest cache (2 KiB).
const WINDOW_BITS = 10;
const WINDOW_MASK = (1 << WINDOW_BITS) - 1;

// For each window its first symbol (low octet) and the length of that one's code (above); 0 where the code is longer than the window.
const SHORT_CODES = new Uint16Array(1 << WINDOW_BITS);
for (let symbol = 0; symbol < EOS; symbol++) {
  const bits = CODE_BITS[symbol] as number;
  if (bits > WINDOW_BITS) continue;
  const first = (CODES[symbol] as number) << (WINDOW_BITS - bits);
  SHORT_CODES.fill((bits << 8) | symbol, first, first + (1 << (WINDOW_BITS - bits)));
}

// For each length, what all of its codes and of the shorter ones are below, in as many bits as the longest has.
const LIMITS = new Uint32Array(MAX_CODE_BITS + 1);
for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
  const codes = (SHORTER_SYMBOLS[bits + 1] as number) - (SHORTER_SYMBOLS[bits] as number);
  LIMITS[bits] = ((FIRST_CODES[bits] as number) + codes) << (MAX_CODE_BITS - bits);
}

/** The octets that the code of a text takes. Throws `HpackError` when a code unit is no octet. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  let all = 0;
  for (let at = 0; at < text.length; at++) {
    const octet = text.charCodeAt(at);
    all |= octet;
    bits += CODE_BITS[octet & 0xff] as number;
  }
  // Never only the low byte of what is more: U+010A would leave as a line feed.
  if (all > 0xff) throw new HpackError('a field holds a character that is not an octet');
  return (bits + 7) >>> 3;
}

/** Writes the code of a text whose code units are octets, and returns where it ends. */
export function writeHuffman(text: string, bytes: Uint8Array, start: number): number {
  let at = start;
  // Codes are joined from the top of 32 bits and leave four octets at a time: no step per octet.
  let joined = 0;
  let free = 32;
  for (let place = 0; place < text.length; place++) {
    const octet = text.charCodeAt(place);
    const code = CODES[octet] as number;
    free -= CODE_BITS[octet] as number;
    if (free > 0) {
      joined |= code << free;
      continue;
    }
    joined |= code >>> -free;
    bytes[at] = joined >>> 24;
    bytes[at + 1] = joined >>> 16;
    bytes[at + 2] = joined >>> 8;
    bytes[at + 3] = joined;
    at += 4;
    free += 32;
    // A shift by 32 would be one by 0.
    joined = free === 32 ? 0 : code << free;
  }
  // Padding is the first bits of EOS: ones.
  joined |= ((1 << (free & 7)) - 1) << (free & ~7);
  for (let octets = 4 - (free >>> 3); octets > 0; octets--, joined <<= 8) bytes[at++] = joined >>> 24;
  return at;
}

/**
 * Reads the code between two places into `target` and returns how many octets it stands for. What has no room in
 * `target` is read, checked and counted all the same. Throws `HpackError` for an EOS and for padding that is longer
 * than seven bits or not of ones.
 */
export function readHuffman(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  const room = target.length;
  let count = 0;
  let at = start;
  // The low `held` bits of `window` are those taken from `bytes` and not yet used; above them stand old ones.
  let window = 0;
  let held = 0;
  for (;;) {
    // This loop reads nearly everything. It has nothing in it that others need.
    while (held >= WINDOW_BITS) {
      const found = SHORT_CODES[(window >>> (held - WINDOW_BITS)) & WINDOW_MASK] as number;
      if (found === 0) break;
      held -= found >>> 8;
      if (count < room) target[count] = found;
      count++;
    }
    if (held < WINDOW_BITS && at + 1 < end) {
      window = (window << 16) | ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      held += 16;
      at += 2;
    } else if (held < WINDOW_BITS && at < end) {
      window = (window << 8) | (bytes[at++] as number);
      held += 8;
    } else {
      const place = at * 8 - held;
      const found = findLast(window, held) || readLong(bytes, place, end * 8);
      if (found === 0) {
        checkPadding(window, end * 8 - place);
        return count;
      }
      if (count < room) target[count] = found;
      count++;
      const next = place + (found >>> 8);
      at = (next + 7) >>> 3;
      held = at * 8 - next;
      window = bytes[at - 1] as number;
    }
  }
}

// The code at the end of a string that leaves less than a window; 0 when there is none, or only a longer one.
function findLast(window: number, held: number): number {
  if (held >= WINDOW_BITS) return 0;
  const found = SHORT_CODES[(window << (WINDOW_BITS - held)) & WINDOW_MASK] as number;
  return found >>> 8 <= held ? found : 0;
}

// A code that no window holds, from its place in bits, as in `SHORT_CODES`; 0 when the string ends before the code
// does. Rare: controls, signs such as `\`, octets past ASCII. Thirty bits are looked at together, so that a string of
// nothing else costs little more than any other.
function readLong(bytes: Uint8Array, start: number, end: number): number {
  const seen = bitsAt(bytes, start, end);
  for (let bits = WINDOW_BITS + 1; bits < MAX_CODE_BITS; bits++) {
    if (seen < (LIMITS[bits] as number)) return foundLong(seen, bits, end - start);
  }
  return foundLong(seen, MAX_CODE_BITS, end - start);
}

function foundLong(seen: number, bits: number, bitsLeft: number): number {
  if (bits > bitsLeft) return 0;
  const code = seen >>> (MAX_CODE_BITS - bits);
  const symbol = SYMBOLS[(SHORTER_SYMBOLS[bits] as number) + code - (FIRST_CODES[bits] as number)] as number;
  if (symbol === EOS) throw new HpackError('a string holds the end-of-string symbol');
  return (bits << 8) | symbol;
}

// As many bits as the longest code has, from a place on; ones where the string has ended, as in its padding.
function bitsAt(bytes: Uint8Array, start: number, end: number): number {
  const at = start >>> 3;
  const octets = end >>> 3;
  let seen = 0;
  for (let place = at; place < at + 4; place++) seen = (seen << 8) | (place < octets ? (bytes[place] as number) : 0xff);
  const shift = start & 7;
  const next = at + 4 < octets ? (bytes[at + 4] as number) : 0xff;
  return ((seen << shift) | (next >>> (8 - shift))) >>> (32 - MAX_CODE_BITS);
}

function checkPadding(window: number, bits: number): void {
  const ones = (1 << bits) - 1;
  if (bits > 7 || (window & ones) !== ones) throw new HpackError('a string is padded with something else than ones');
}
