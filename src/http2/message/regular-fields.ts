/**
 * The regular fields of a message, those that are not pseudo-fields (RFC 9113 section 8.2): no connection-specific fields,
 * one `content-length`, one host. `field-classifier.ts` checks each by itself.
 */
import { type FieldClassifier, MalformedFields, shortened } from './field-classifier.js';

/** A message's `content-length` when it has none. */
export const UNKNOWN_LENGTH = -1;

const LENGTH = /^\d{1,15}$/;

/**
 * Checks the fields of a list from `start` on; returns the `content-length`. A `host` must equal `authority`. Throws
 * `MalformedFields`.
 */
export function checkFields(
  fields: readonly string[],
  start: number,
  authority: string | undefined,
  classifier: FieldClassifier,
): number {
  let length = UNKNOWN_LENGTH;
  let host: string | undefined;
  for (let at = start; at < fields.length; at += 2) {
    const name = fields[at] as string;
    switch (classifier.classify(name, fields[at + 1])) {
      case 'plain':
      case 'untrailable':
        break;
      case 'content-length':
        length = readLength(fields[at + 1] as string, length);
        break;
      case 'te':
        if (fields[at + 1] !== 'trailers') throw new MalformedFields('te (section 8.2.2)');
        break;
      case 'host':
        host = readHost(fields[at + 1] as string, host, authority);
        break;
      default:
        throw new MalformedFields(`the field ${shortened(name)}`);
    }
  }
  return length;
}

/** A request has one host, which `host` and `:authority` agree on (section 8.3.1). */
function readHost(value: string, previous: string | undefined, authority: string | undefined): string {
  if (previous !== undefined) throw new MalformedFields('two host');
  if (authority !== undefined && value !== authority && value.toLowerCase() !== authority.toLowerCase()) {
    throw new MalformedFields('host differs from :authority');
  }
  return value;
}

function readLength(value: string, previous: number): number {
  const length = LENGTH.test(value) ? Number(value) : UNKNOWN_LENGTH;
  if (length === UNKNOWN_LENGTH || previous !== UNKNOWN_LENGTH) throw new MalformedFields('content-length');
  return length;
}
