/**
 * The Huffman code of RFC 7541 appendix B. It is canonical: codes are consecutive for symbols sorted by length and then by
 * value, so the lengths define the whole table.
 */

/** The end-of-string symbol. It never occurs in a string; padding is its first bits (section 5.2). */
export const EOS = 256;

/** The longest code, that of EOS: thirty ones. */
export const MAX_CODE_BITS = 30;

/** For each octet, and for EOS, the bits of its code. */
export const CODE_BITS = Uint8Array.from(
  `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
  6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
  13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
  15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30
  `
    .trim()
    .split(/\s+/),
  Number,
);

/** The symbols in the order of their codes. */
export const SYMBOLS = Uint16Array.from(CODE_BITS.keys()).sort(
  (one, other) => bitsOf(one) - bitsOf(other) || one - other,
);

/** For each octet, and for EOS, its code in the low bits. */
export const CODES = new Uint32Array(CODE_BITS.length);

/** For each length, its first code (or what it would be). */
export const FIRST_CODES = new Uint32Array(MAX_CODE_BITS + 1);

/** For each length, how many symbols have shorter codes; one more at the end. */
export const SHORTER_SYMBOLS = new Uint16Array(MAX_CODE_BITS + 2);

for (let bits = 1, code = 0, place = 0; bits <= MAX_CODE_BITS; bits++, code <<= 1) {
  FIRST_CODES[bits] = code;
  SHORTER_SYMBOLS[bits] = place;
  for (; place < SYMBOLS.length && bitsOf(SYMBOLS[place] as number) === bits; place++) {
    CODES[SYMBOLS[place] as number] = code++;
  }
  SHORTER_SYMBOLS[bits + 1] = place;
}

function bitsOf(symbol: number): number {
  return CODE_BITS[symbol] as number;
}
