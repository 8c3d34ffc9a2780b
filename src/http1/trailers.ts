/** The trailers of a chunked body (RFC 9112 section 7.1.2), which begin behind the size of the last chunk. */
import { MalformedResponse, quoted } from './errors.js';
import { splitFields } from './fields.js';
import { repairFields } from './lenient-fields.js';

const FIELD_LINES = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const FRAMING = /^(?:content-length|transfer-encoding)$/i;

/**
 * Reads trailers, each line with the CR LF before it. Throws `MalformedResponse`, also when they speak of framing, which is
 * decided long before them.
 */
export function readTrailers(lines: string): string[] {
  const trailers = splitFields(FIELD_LINES.test(lines) ? lines : repairFields(lines), 0);
  for (let at = 0; at < trailers.length; at += 2) {
    if (FRAMING.test(trailers[at] as string))
      throw new MalformedResponse(`framing in the trailers: ${quoted(trailers[at] as string)}`);
  }
  return trailers;
}
