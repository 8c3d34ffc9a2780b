/**
 * The two ways in which a header block fails. They differ in what survives: after `HpackError` both tables may differ
 * and the connection is lost; after `HeaderListTooLarge` only the list is.
 */

/**
 * A decoding error of RFC 7541, or a field that cannot be encoded. A decoder that threw it must not be used again: the
 * connection ends with COMPRESSION_ERROR (RFC 9113 section 4.3). An encoder stays usable.
 */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

/**
 * The list of a block went past the limits. The whole block was processed, so the tables still agree and the connection
 * goes on; the stream is refused.
 */
export class HeaderListTooLarge extends Error {
  override readonly name = 'HeaderListTooLarge';
}
