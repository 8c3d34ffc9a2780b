/**
 * The two ways in which a header block fails. After `HpackError` the tables of both sides may differ, and the connection is
 * lost; after `HeaderListTooLarge` only the list is.
 */

/**
 * A decoding error of RFC 7541, or a field that cannot be encoded. A decoder that threw it must not be used again: the
 * connection ends with COMPRESSION_ERROR (RFC 9113 section 4.3). An encoder stays usable.
 */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

/**
 * The list of a block exceeds the limits. The block was processed completely, so the tables still agree and the connection
 * continues; the stream is refused.
 */
export class HeaderListTooLarge extends Error {
  override readonly name = 'HeaderListTooLarge';
  /** The pseudo-fields that came before the limit. They are no more valid than those of any list. */
  readonly pseudoFields: readonly string[];

  constructor(message: string, pseudoFields: readonly string[]) {
    super(message);
    this.pseudoFields = pseudoFields;
  }
}
