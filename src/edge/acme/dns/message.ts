/** DNS messages as bytes, as far as dynamic updates need them (RFC 1035 section 4, RFC 2136 section 2). */

/** Classes and types by their numbers. */
export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
export const TYPE = { SOA: 6, TXT: 16, TSIG: 250 } as const;

export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** In seconds. */
  readonly ttl: number;
  readonly data: Buffer;
}

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** A message of one question (in an update: its zone), with the counts of RFC 1035's other three sections. */
export interface Message {
  readonly id: number;
  readonly flags: number;
  readonly question: Question;
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}

const HEADER_BYTES = 12;
const MAX_LABELS = 128;

/** Writes a message without compression. */
export function writeMessage({ id, flags, question, answers, authority, additional }: Message): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const fields = [id, flags, 1, answers.length, authority.length, additional.length];
  for (const [index, value] of fields.entries()) header.writeUInt16BE(value, 2 * index);
  const zone = Buffer.concat([writeName(question.name), uint16(question.type), uint16(question.class)]);
  return Buffer.concat([header, zone, ...[...answers, ...authority, ...additional].map(writeRecord)]);
}

export function writeRecord({ name, type, class: code, ttl, data }: ResourceRecord): Buffer {
  return Buffer.concat([writeName(name), uint16(type), uint16(code), uint32(ttl), uint16(data.length), data]);
}

/** A name in lower case, in the form that signatures need as well (RFC 4034 section 6.2). Throws `RangeError`. */
export function writeName(name: string): Buffer {
  const labels = name
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '');
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1');
    if (bytes.length > 63) throw new RangeError(`the label ${label.slice(0, 20)}… is too long for DNS`);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** The data of a TXT record: character strings of at most 255 bytes. */
export function textData(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A record of a message that was read, with where it begins in it. */
export type ReadRecord = ResourceRecord & { readonly offset: number };

export interface ReadMessage {
  readonly id: number;
  readonly flags: number;
  readonly answers: readonly ReadRecord[];
  readonly authority: readonly ReadRecord[];
  readonly additional: readonly ReadRecord[];
}

/** Reads a message. Throws `RangeError` for one that is malformed. */
export function readMessage(bytes: Buffer): ReadMessage {
  const [id, flags, questions, ...counts] = [0, 2, 4, 6, 8, 10].map((at) => bytes.readUInt16BE(at)) as number[];
  let at = HEADER_BYTES;
  for (let n = 0; n < (questions as number); n++) at = readName(bytes, at).end + 4;
  const sections = counts.map((count) =>
    Array.from({ length: count }, (): ReadRecord => {
      const record = readRecord(bytes, at);
      at = record.end;
      return record;
    }),
  );
  const [answers = [], authority = [], additional = []] = sections;
  return { id: id as number, flags: flags as number, answers, authority, additional };
}

function readRecord(bytes: Buffer, offset: number): ReadRecord & { readonly end: number } {
  const { name, end } = readName(bytes, offset);
  const length = bytes.readUInt16BE(end + 8);
  const data = bytes.subarray(end + 10, end + 10 + length);
  if (data.length !== length) throw new RangeError('a record ends behind its message');
  const fields = {
    type: bytes.readUInt16BE(end),
    class: bytes.readUInt16BE(end + 2),
    ttl: bytes.readUInt32BE(end + 4),
  };
  return { name, ...fields, data, offset, end: end + 10 + length };
}

/** A name and where it ends. A pointer may only lead backwards (section 4.1.4), so that this ends. */
export function readName(bytes: Buffer, offset: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = offset;
  let end: number | undefined;
  while (labels.length < MAX_LABELS) {
    const length = bytes.readUInt8(at);
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: end ?? at + 1 };
    if (length >= 0xc0) {
      const target = bytes.readUInt16BE(at) & 0x3fff;
      if (target >= at) throw new RangeError('a name points forward');
      end ??= at + 2;
      at = target;
    } else {
      if (at + 1 + length > bytes.length) throw new RangeError('a name ends behind its message');
      labels.push(bytes.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
  throw new RangeError('a name has too many labels');
}
