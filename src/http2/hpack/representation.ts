/**
 * The representations of a field, and the size update, by their first bits, with the bits that are left for the prefix
 * of an index or a size (RFC 7541 section 6). From the first octet on, each begins where the one before it ends.
 */
export interface Representation {
  readonly flags: number;
  readonly prefixBits: number;
}

/** An index of a field (6.1). */
export const INDEXED: Representation = { flags: 0x80, prefixBits: 7 };

/** A literal that enters the dynamic table (6.2.1). */
export const INSERTED: Representation = { flags: 0x40, prefixBits: 6 };

/** A new size of the dynamic table (6.3). */
export const SIZE_UPDATE: Representation = { flags: 0x20, prefixBits: 5 };

/** A literal that may enter no table, here or further on (6.2.3). */
export const NEVER_INDEXED: Representation = { flags: 0x10, prefixBits: 4 };

/** A literal that does not enter the table (6.2.2). */
export const NOT_INDEXED: Representation = { flags: 0x00, prefixBits: 4 };
