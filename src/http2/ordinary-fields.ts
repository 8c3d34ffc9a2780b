/**
 * The fields of a message that are no pseudo-fields (RFC 9113 section 8.2): valid names and values, nothing that belongs
 * to HTTP/1.1, one `content-length`, one host.
 */

/** A list that is not a message; the reason, for a log. */
export class MalformedFields extends Error {
  override readonly name = 'MalformedFields';
}

/** A message's `content-length` when it has none. */
export const UNKNOWN_LENGTH = -1;

type Kind = 'plain' | 'secret' | 'forbidden' | 'te' | 'content-length' | 'host';

interface Judged {
  readonly kind: Kind;
  /** The last value that was one; never a secret, which is compared with nobody else's. */
  value: string | undefined;
}

// Section 8.2.2. `te` may only say `trailers`.
const KINDS: readonly (readonly [string, Kind])[] = [
  ['connection', 'forbidden'],
  ['keep-alive', 'forbidden'],
  ['proxy-connection', 'forbidden'],
  ['transfer-encoding', 'forbidden'],
  ['upgrade', 'forbidden'],
  ['te', 'te'],
  ['content-length', 'content-length'],
  ['host', 'host'],
  ['authorization', 'secret'],
  ['cookie', 'secret'],
  ['set-cookie', 'secret'],
];

// Names repeat endlessly, so each is judged once, and its value only when it is another one than before: that costs a
// comparison where the expression costs thirty, for a long value two hundred nanoseconds. Bounded, since a peer can
// invent both.
const judged = new Map<string, Judged>(KINDS.map(([name, kind]) => [name, { kind, value: undefined }]));
const MOST_REMEMBERED_NAMES = 1_000;
const LONGEST_REMEMBERED_NAME = 64;
const LONGEST_REMEMBERED_VALUE = 1_024;

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/; // RFC 9110 section 5.6.2, lower case (section 8.2.1)
// No controls, nothing past 0xFF: an encoder that keeps only the low byte would turn U+0161 into "a".
const VALUE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;
const LENGTH = /^\d{1,15}$/;

/**
 * Checks the fields of a list from `start` on; returns the `content-length`. `authority` is what a `host` must name too.
 * Throws `MalformedFields`.
 */
export function checkFields(fields: readonly string[], start: number, authority: string | undefined): number {
  let length = UNKNOWN_LENGTH;
  for (let at = start; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1];
    const known = judged.get(name) ?? judgeName(name);
    if (value === undefined || (known.value !== value && !isValue(value, known))) {
      throw new MalformedFields(`the value of ${name}`);
    }
    switch (known.kind) {
      case 'plain':
      case 'secret':
        break;
      case 'content-length':
        length = readLength(value, length);
        break;
      case 'te':
        if (value !== 'trailers') throw new MalformedFields('te (section 8.2.2)');
        break;
      case 'host':
        // Two hosts in one request are one too many (section 8.3.1).
        if (authority !== undefined && value.toLowerCase() !== authority.toLowerCase())
          throw new MalformedFields('host differs from :authority');
        break;
      default:
        throw wrongName(name);
    }
  }
  return length;
}

function isValue(value: string, known: Judged): boolean {
  if (!VALUE.test(value)) return false;
  if (known.kind !== 'secret' && value.length <= LONGEST_REMEMBERED_VALUE) known.value = value;
  return true;
}

function judgeName(name: string): Judged {
  if (!NAME.test(name)) throw wrongName(name);
  const known: Judged = { kind: 'plain', value: undefined };
  if (judged.size < MOST_REMEMBERED_NAMES && name.length <= LONGEST_REMEMBERED_NAME) judged.set(name, known);
  return known;
}

function wrongName(name: string): MalformedFields {
  return new MalformedFields(`the field ${name.slice(0, LONGEST_REMEMBERED_NAME)}`);
}

function readLength(value: string, previous: number): number {
  const length = LENGTH.test(value) ? Number(value) : UNKNOWN_LENGTH;
  if (length === UNKNOWN_LENGTH || (previous !== UNKNOWN_LENGTH && previous !== length)) {
    throw new MalformedFields('content-length');
  }
  return length;
}
