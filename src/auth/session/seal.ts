/**
 * Sealed text: data that the edge stores in a browser, encrypted and authenticated. A compact JWE (RFC 7516, `dir` with
 * A256GCM) under a key of one purpose. It has no expiry: the caller checks the times inside.
 */
import { CompactEncrypt, compactDecrypt } from 'jose';
import type { Key } from '../../core/keys.js';

/** Keys of one purpose, newest first: the first seals, all of them open. */
export type Keyring = readonly [Key, ...Key[]];

/** Longer texts are not opened. Far above a ticket with a long return path, far below a noticeable load. */
export const MAX_SEALED_CHARS = 8192;

const ALGORITHM = 'dir';
const ENCRYPTION = 'A256GCM';

// RFC 7516 section 3.1 with `dir`: header, no encrypted key, 96-bit nonce, ciphertext, 128-bit tag.
const SEALED = /^([\w-]+)\.\.([\w-]{16})\.([\w-]+)\.([\w-]{22})$/;

/** Seals a payload with the newest key. The text is safe in a cookie and in a URL. */
export function seal(payload: object, keys: Keyring): Promise<string> {
  const [key] = keys;
  return new CompactEncrypt(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION, kid: key.id })
    .encrypt(key.bytes);
}

/** Opens a sealed text with the key that sealed it; undefined for any text that none of the keys has sealed. */
export async function open(sealed: string, keys: Keyring): Promise<Record<string, unknown> | undefined> {
  if (sealed.length > MAX_SEALED_CHARS || !isCanonical(sealed)) return undefined;
  try {
    const { plaintext } = await compactDecrypt(sealed, ({ kid }) => keyOf(keys, kid), {
      keyManagementAlgorithms: [ALGORITHM],
      contentEncryptionAlgorithms: [ENCRYPTION],
      maxDecompressedLength: 0,
    });
    const payload: unknown = JSON.parse(Buffer.from(plaintext).toString());
    return isRecord(payload) ? payload : undefined;
  } catch {
    // Forged, damaged or sealed with a removed secret: the same to the caller, and strangers could fill a log with it.
    return undefined;
  }
}

// One text per seal: otherwise the unused bits of a last base64url digit could change unnoticed.
function isCanonical(sealed: string): boolean {
  const parts = SEALED.exec(sealed);
  return parts?.slice(1).every((part) => Buffer.from(part, 'base64url').toString('base64url') === part) ?? false;
}

function keyOf(keys: Keyring, id: string | undefined): Uint8Array {
  const key = keys.find((candidate) => candidate.id === id);
  if (key === undefined) throw new RangeError('sealed with a key that is not known');
  return key.bytes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
