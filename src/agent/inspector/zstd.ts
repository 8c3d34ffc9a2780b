/**
 * Decodes zstd (RFC 8878) with `fzstd`, whose owner this is: Node 20 has no decoder. The library trusts what a frame says of its
 * window, so the frames are measured before it sees them.
 */
import { Decompress } from 'fzstd';
import type { DecodedBody } from './decoded-body.js';

// The largest window of the content coding (RFC 9659).
const MAX_WINDOW_BYTES = 8_388_608;
// The library moves its whole window for each block, however small: a quarter of a second.
const MAX_MOVED_BYTES = 1_073_741_824;

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;

class Full extends Error {}

export function decodeZstd(bytes: Buffer, maxBytes: number): DecodedBody {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const result = (problem?: string): DecodedBody => ({
    bytes: Buffer.concat(pieces).subarray(0, maxBytes),
    isCut: length > maxBytes,
    problem,
  });
  if (!isAffordable(bytes)) return result('The body is no zstd, or needs more memory than a browser gives it.');
  const decoder = new Decompress((piece) => {
    pieces.push(piece);
    length += piece.length;
    if (length > maxBytes) throw new Full();
  });
  try {
    decoder.push(bytes); // without an end: of a part, the part
    return result();
  } catch (error) {
    return result(
      error instanceof Full ? undefined : `The body is not what its content coding says: ${(error as Error).message}.`,
    );
  }
}

/** Whether all frames, as far as they are there, are well-formed and within bounds. */
function isAffordable(bytes: Buffer): boolean {
  let moved = 0;
  for (let at = 0; at + 18 <= bytes.length; ) {
    if (bytes.readUInt32LE(at) >>> 4 === SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4);
      continue;
    }
    const frame = readHeader(bytes, at);
    if (frame === undefined || frame.windowBytes > MAX_WINDOW_BYTES) return false;
    at = frame.blocksAt;
    for (let isLast = false; !isLast && at + 3 <= bytes.length; ) {
      const header = bytes.readUIntLE(at, 3);
      isLast = (header & 1) === 1;
      const isRepeated = ((header >> 1) & 3) === 1;
      at += 3 + (isRepeated ? 1 : header >> 3);
      moved += frame.windowBytes;
      if (moved > MAX_MOVED_BYTES) return false;
    }
    at += frame.checksumBytes;
  }
  return true;
}

/** The header of a frame (section 3.1.1.1). */
function readHeader(
  bytes: Buffer,
  at: number,
): { readonly windowBytes: number; readonly blocksAt: number; readonly checksumBytes: number } | undefined {
  if (bytes.readUInt32LE(at) !== MAGIC) return undefined;
  const flags = bytes[at + 4] as number;
  const isSingle = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
  const sizeCode = flags >> 6;
  const sizeBytes = sizeCode === 0 ? (isSingle ? 1 : 0) : 1 << sizeCode;
  const sizeAt = at + (isSingle ? 5 : 6) + dictionaryBytes;
  const descriptor = bytes[at + 5] as number;
  const windowBytes = isSingle ? readSize(bytes, sizeAt, sizeBytes) : windowOf(descriptor);
  return { windowBytes, blocksAt: sizeAt + sizeBytes, checksumBytes: (flags & 4) === 0 ? 0 : 4 };
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readSize(bytes: Buffer, at: number, length: number): number {
  if (at + length > bytes.length) return Number.POSITIVE_INFINITY;
  if (length === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}
