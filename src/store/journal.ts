/**
 * The journal of a state folder as bytes. Each line is a CRC-32 in hexadecimal, a space, and JSON. The first line names format
 * and version and counts the lines of the snapshot behind it; every later line holds the writes of one flush. So a line is
 * written whole or not at all, and only the last line can be torn.
 */
import { crc32 } from 'node:zlib';
import type { Entry } from './store.js';
import type { Write } from './table.js';

/** What a journal file holds. */
export interface JournalContent {
  readonly writes: readonly Write[];
  /** The highest version that was given when the snapshot was taken. */
  readonly lastVersion: number;
  /** Bytes of the header and the snapshot. */
  readonly snapshotBytes: number;
  /** Bytes up to the end of the last whole line: what follows was torn by a crash and is cut off. */
  readonly endBytes: number;
}

/** A journal that cannot be read, in words that follow the name of its file. */
export class JournalError extends Error {}

const FORMAT = 'postern-state';
const VERSION = 1;
const ENTRIES_OF_A_LINE = 100;
const LINE_FEED = 0x0a;
const CHECKSUM_CHARS = 8;

/** The line of one flush. */
export function encodeWrites(writes: readonly Write[]): Buffer {
  return encodeLine(writes.map(packWrite));
}

/** A new journal that begins with all live entries, a part at a time. */
export function* encodeSnapshot(entries: readonly Entry[], lastVersion: number): Iterable<Buffer> {
  const lines = Math.ceil(entries.length / ENTRIES_OF_A_LINE);
  yield encodeLine({ format: FORMAT, version: VERSION, lastVersion, lines });
  for (let at = 0; at < entries.length; at += ENTRIES_OF_A_LINE)
    yield encodeWrites(entries.slice(at, at + ENTRIES_OF_A_LINE));
}

/** Reads a journal. Throws a `JournalError` for another format, a newer version and damage that no crash leaves behind. */
export function readJournal(bytes: Buffer): JournalContent {
  const lines = splitLines(bytes);
  const { lastVersion, lines: snapshotLines } = readHeader(lines[0]);
  const writes: Write[] = [];
  let [endBytes, snapshotBytes] = [lines[0]?.end ?? 0, lines[0]?.end ?? 0];
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const isLast = index === lines.length - 1;
    const read = readWrites(line);
    if (read === undefined && isLast && index > snapshotLines && isTorn(line)) break;
    if (read === undefined) throw new JournalError(`is damaged in line ${index + 1}`);
    for (const write of read) writes.push(write);
    endBytes = line.end;
    if (index === snapshotLines) snapshotBytes = line.end;
  }
  if (lines.length <= snapshotLines)
    throw new JournalError(`ends in line ${lines.length}, in the middle of its snapshot`);
  return { writes, lastVersion, snapshotBytes, endBytes };
}

interface Line {
  /** Without the line feed. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
  /** The offset behind it. */
  readonly end: number;
}

function splitLines(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    lines.push({ bytes: bytes.subarray(start, feed < 0 ? end : feed), isWhole: feed >= 0, end });
    start = end;
  }
  return lines;
}

// After a loss of power, blocks that were never written read as zeros; no line of ours has a zero in it.
function isTorn({ bytes, isWhole }: Line): boolean {
  return !isWhole || bytes.includes(0);
}

function readHeader(line: Line | undefined): { lastVersion: number; lines: number } {
  const { format, version, lastVersion, lines } = (decodeLine(line) ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) throw new JournalError('is not the journal of a state folder');
  if (typeof version === 'number' && version > VERSION)
    throw new JournalError(`is of a newer Postern: its version is ${version}, and this one reads ${VERSION}`);
  if (version !== VERSION || !isCount(lastVersion) || !isCount(lines)) throw new JournalError('is damaged in line 1');
  return { lastVersion, lines };
}

function readWrites(line: Line): Write[] | undefined {
  const packed = decodeLine(line);
  if (!Array.isArray(packed)) return undefined;
  const writes = packed.map(unpackWrite);
  return writes.every((write) => write !== undefined) ? writes : undefined;
}

function encodeLine(content: object): Buffer {
  const json = JSON.stringify(content);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

function decodeLine(line: Line | undefined): unknown {
  if (line?.isWhole !== true) return undefined;
  const json = line.bytes.subarray(CHECKSUM_CHARS + 1);
  if (line.bytes.toString('latin1', 0, CHECKSUM_CHARS + 1) !== `${checksum(json)} `) return undefined;
  try {
    return JSON.parse(json.toString());
  } catch {
    return undefined; // its checksum is right, so another program wrote it
  }
}

function checksum(json: string | Buffer): string {
  return crc32(json).toString(16).padStart(CHECKSUM_CHARS, '0');
}

function packWrite(write: Write): readonly unknown[] {
  if (write.value === undefined) return [write.version, write.key];
  const { version, key, value, expiresAtMs } = write;
  return expiresAtMs === undefined ? [version, key, value] : [version, key, value, expiresAtMs];
}

function unpackWrite(packed: unknown): Write | undefined {
  if (!Array.isArray(packed)) return undefined;
  const [version, key, value, expiresAtMs] = packed as readonly unknown[];
  if (!isCount(version) || typeof key !== 'string' || key.indexOf(':') < 1) return undefined;
  if (packed.length === 2) return { key, value: undefined, version };
  if (typeof value !== 'string' || (packed.length > 3 && typeof expiresAtMs !== 'number')) return undefined;
  return { key, value, version, expiresAtMs: expiresAtMs as number | undefined };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
