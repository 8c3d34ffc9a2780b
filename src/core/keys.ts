/**
 * Derives one key per purpose from the operator's secret (HKDF-SHA-256, RFC 5869), so that a cookie can never pass as a
 * ticket or a token. `POSTERN_SECRET=new,old` gives two keys per purpose: the first one seals and signs, all of them open
 * and verify.
 */
import { hkdfSync } from 'node:crypto';

/** The purpose of a key. It enters the derivation, so changing one invalidates everything made with its keys. */
export type KeyPurpose =
  | 'session'
  | 'ticket'
  | 'nonce'
  | 'sign-out'
  | 'transaction'
  | 'token'
  | 'assertion'
  | 'agent-sign-in'
  | 'client-sign-in'
  | 'client-registration'
  | 'acme'
  | 'tls-ticket'
  | 'peer';

/** A secret key of one purpose. `id` distinguishes rotated keys and reveals nothing about the key. */
export interface Key {
  readonly id: string;
  readonly bytes: Uint8Array;
}

const SALT = 'postern/1';

/** The keys of a purpose, newest first; at least one. `length` is in bytes (32 fits AES-256-GCM and HMAC-SHA-256). */
export function deriveKeys(secrets: readonly string[], purpose: KeyPurpose, length = 32): readonly [Key, ...Key[]] {
  const [newest, ...older] = secrets.map((secret) => deriveKey(secret, purpose, length));
  if (newest === undefined) throw new RangeError('deriveKeys needs at least one secret');
  return [newest, ...older];
}

function deriveKey(secret: string, purpose: KeyPurpose, length: number): Key {
  const derived = (info: string, size: number) => new Uint8Array(hkdfSync('sha256', secret, SALT, info, size));
  return {
    id: Buffer.from(derived(`${purpose} key id`, 6)).toString('base64url'),
    bytes: derived(`${purpose} key`, length),
  };
}
