/**
 * The representations of a field, and the size update: the first bits of each, and the bits that are left for the prefix of
 * an index or a size (RFC 7541 section 6), in descending order of their first octet.
 */
export interface Representation {
  readonly flags: number;
  readonly prefixBits: number;
}

/** An indexed field (section 6.1). */
export const INDEXED: Representation = { flags: 0x80, prefixBits: 7 };

/** A literal field with incremental indexing (section 6.2.1). */
export const INSERTED: Representation = { flags: 0x40, prefixBits: 6 };

/** A dynamic table size update (section 6.3). */
export const SIZE_UPDATE: Representation = { flags: 0x20, prefixBits: 5 };

/** A literal field that is never indexed, here or by intermediaries (section 6.2.3). */
export const NEVER_INDEXED: Representation = { flags: 0x10, prefixBits: 4 };

/** A literal field without indexing (section 6.2.2). */
export const NOT_INDEXED: Representation = { flags: 0x00, prefixBits: 4 };
