/**
 * Undoes the content codings of a body (RFC 9110 section 8.4): br, gzip, deflate, zstd. Bounded, in zlib's own threads, and as
 * far as it goes: of a body that was kept in part, the part.
 */
import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { listMembers } from '../../core/white-space.js';
import type { DecodedBody } from './decoded-body.js';

type Decoder = (bytes: Buffer, maxBytes: number) => Promise<DecodedBody>;

const SYNC = { finishFlush: constants.Z_SYNC_FLUSH }; // the end of a part is no error

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: (bytes, max) => pump(bytes, createGunzip(SYNC), max),
  'x-gzip': (bytes, max) => pump(bytes, createGunzip(SYNC), max),
  br: (bytes, max) => pump(bytes, createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }), max),
  // With the wrapper of zlib, as it should be, or without.
  deflate: (bytes, max) =>
    pump(bytes, ((bytes[0] ?? 0) & 0x0f) === 8 ? createInflate(SYNC) : createInflateRaw(SYNC), max),
  zstd: async (bytes, max) => (await import('./zstd.js')).decodeZstd(bytes, max), // here: hardly any body needs it
};

/** Decodes what `encoding` names, the last coding first. A body without encoding stays as it is. */
export async function decodeBody(bytes: Buffer, encoding: string | null, maxBytes: number): Promise<DecodedBody> {
  let decoded: DecodedBody = { bytes, isCut: false, problem: undefined };
  const codings = listMembers((encoding ?? '').toLowerCase()).filter((coding) => coding !== 'identity');
  if (codings.length > MAX_CODINGS)
    return { ...decoded, problem: 'The body has more content codings than are undone.' };
  for (const coding of codings.reverse()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
    if (decoder === undefined) return { ...decoded, problem: 'The body has a content coding that is not known here.' };
    decoded = await decoder(decoded.bytes, maxBytes);
    if (decoded.problem !== undefined) return decoded;
  }
  return decoded;
}

// Each may multiply the bytes.
const MAX_CODINGS = 3;

async function pump(bytes: Buffer, transform: Transform, maxBytes: number): Promise<DecodedBody> {
  const pieces: Buffer[] = [];
  let length = 0;
  let problem: string | undefined;
  transform.end(bytes);
  try {
    for await (const piece of transform as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length > maxBytes) break;
    }
  } catch (error) {
    problem = `The body is not what its content coding says: ${(error as Error).message}.`;
  }
  return { bytes: Buffer.concat(pieces).subarray(0, maxBytes), isCut: length > maxBytes, problem };
}
