/** Huffman coding of strings, both ways (RFC 7541 section 5.2). */
import { HpackError } from './hpack-error.js';
import { CODE_BITS, CODES, EOS, FIRST_CODES, MAX_CODE_BITS, SHORTER_SYMBOLS, SYMBOLS } from './huffman-code.js';

// A window of ten bits finds every code of up to ten bits, which is all of ordinary text, with one look-up in a table that
// fits into the L1 cache (2 KiB).
const WINDOW_BITS = 10;
const WINDOW_MASK = (1 << WINDOW_BITS) - 1;

// For each window its first symbol (low octet) and the length of its code (high octet); 0 if the code is longer than the
// window.
const SHORT_CODES = new Uint16Array(1 << WINDOW_BITS);
for (let symbol = 0; symbol < EOS; symbol++) {
  const bits = CODE_BITS[symbol] as number;
  if (bits > WINDOW_BITS) continue;
  const first = (CODES[symbol] as number) << (WINDOW_BITS - bits);
  SHORT_CODES.fill((bits << 8) | symbol, first, first + (1 << (WINDOW_BITS - bits)));
}

// For each length, the exclusive bound of the codes of this and shorter lengths, left-aligned to the longest.
const LIMITS = new Uint32Array(MAX_CODE_BITS + 1);
for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
  const codes = (SHORTER_SYMBOLS[bits + 1] as number) - (SHORTER_SYMBOLS[bits] as number);
  LIMITS[bits] = ((FIRST_CODES[bits] as number) + codes) << (MAX_CODE_BITS - bits);
}

/** The length of a text's code in octets. Throws `HpackError` if a code unit is not an octet. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  let all = 0;
  for (let at = 0; at < text.length; at++) {
    const octet = text.charCodeAt(at);
    all |= octet;
    bits += CODE_BITS[octet & 0xff] as number;
  }
  // Never the low byte of a larger code unit: U+010A would be sent as a line feed.
  if (all > 0xff) throw new HpackError('a field holds a character that is not an octet');
  return (bits + 7) >>> 3;
}

/** Writes the code of a text of octets, and returns where it ends. */
export function writeHuffman(text: string, bytes: Uint8Array, start: number): number {
  let at = start;
  // Codes are collected from the top of 32 bits and written four octets at a time.
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
    // A shift by 32 would be a shift by 0.
    joined = free === 32 ? 0 : code << free;
  }
  // Padding is the first bits of EOS: ones.
  joined |= ((1 << (free & 7)) - 1) << (free & ~7);
  for (let octets = 4 - (free >>> 3); octets > 0; octets--, joined <<= 8) bytes[at++] = joined >>> 24;
  return at;
}

/**
 * Decodes the octets from `start` to `end` into `target` and returns the length of the text. What does not fit into `target`
 * is still decoded, checked and counted. Throws `HpackError` for EOS, and for padding that is longer than seven bits or not
 * all ones.
 */
export function readHuffman(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  const room = target.length;
  let count = 0;
  let at = start;
  // The low `held` bits of `window` were taken from `bytes` and are not used yet; the bits above are old.
  let window = 0;
  let held = 0;
  for (;;) {
    // The fast path: nearly everything is read in this loop.
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

// The code at the end of a string, where less than a window is left; 0 if there is none, or only a longer one.
function findLast(window: number, held: number): number {
  if (held >= WINDOW_BITS) return 0;
  const found = SHORT_CODES[(window << (WINDOW_BITS - held)) & WINDOW_MASK] as number;
  return found >>> 8 <= held ? found : 0;
}

// A code longer than a window, at a bit position, encoded as in `SHORT_CODES`; 0 if the string ends before the code. Rare:
// controls, characters such as `\`, octets outside ASCII. Thirty bits are examined at once, so that a string of only such
// codes costs little more than any other.
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

// As many bits as the longest code has, from a bit position on; ones after the end of the string, as in padding.
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
