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
const MAX_HEADER_BYTES = 18;
// Of the library's codes.
const UNEXPECTED_END = 5;

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
    decoder.push(bytes, true);
    return result();
  } catch (error) {
    // Of a part, the part.
    const isPart = error instanceof Full || (error as { code?: unknown }).code === UNEXPECTED_END;
    return result(isPart ? undefined : `The body is not what its content coding says: ${(error as Error).message}.`);
  }
}

/** Whether all frames, as far as they are there, are well-formed and within bounds. */
function isAffordable(bytes: Buffer): boolean {
  let moved = 0;
  for (let at = 0; at < bytes.length || at === 0; ) {
    const start = Buffer.alloc(MAX_HEADER_BYTES); // the rest is zero, where the bytes end
    bytes.copy(start, 0, at, at + MAX_HEADER_BYTES);
    if (start.readUInt32LE() >>> 4 === SKIPPABLE) {
      at += 8 + start.readUInt32LE(4);
      continue;
    }
    const frame = readHeader(start);
    if (frame === undefined || frame.windowBytes > MAX_WINDOW_BYTES) return false;
    at += frame.bytes;
    for (let isLast = false; !isLast; ) {
      if (at + 3 > bytes.length) return true; // the bytes end within the frame
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

/** The header of a frame (section 3.1.1.1) at the beginning of some bytes. */
function readHeader(
  start: Buffer,
): { readonly windowBytes: number; readonly bytes: number; readonly checksumBytes: number } | undefined {
  if (start.readUInt32LE() !== MAGIC) return undefined;
  const flags = start[4] as number;
  const isSingle = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
  const sizeCode = flags >> 6;
  const sizeBytes = sizeCode === 0 ? (isSingle ? 1 : 0) : 1 << sizeCode;
  const sizeAt = (isSingle ? 5 : 6) + dictionaryBytes;
  const windowBytes = isSingle ? readSize(start, sizeAt, sizeBytes) : windowOf(start[5] as number);
  return { windowBytes, bytes: sizeAt + sizeBytes, checksumBytes: (flags & 4) === 0 ? 0 : 4 };
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readSize(start: Buffer, at: number, length: number): number {
  if (length === 8) return Number(start.readBigUInt64LE(at));
  return start.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}
