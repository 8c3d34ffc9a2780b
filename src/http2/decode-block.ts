/** Decodes a field block (RFC 9113 section 4.3), with the errors of a connection. */
import type { Buffer } from 'node:buffer';
import { Http2ConnectionError, Http2ErrorCode } from './errors.js';
import type { HpackDecoder } from './hpack/decoder.js';
import { HeaderListTooLarge, HpackError } from './hpack/hpack-error.js';

/** The list of a block; a list that is too large is returned as the error. Throws `Http2ConnectionError`. */
export function decodeBlock(decoder: HpackDecoder, block: Buffer): string[] | HeaderListTooLarge {
  try {
    return decoder.decode(block);
  } catch (error) {
    if (error instanceof HeaderListTooLarge) return error;
    if (error instanceof HpackError) throw new Http2ConnectionError(Http2ErrorCode.COMPRESSION_ERROR, error.message);
    throw error;
  }
}
