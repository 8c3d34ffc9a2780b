/**
 * How an inspector proves that it is the one of a key, to a program that has the key and keeps it from all others: what listens at
 * a port may be another program by now, of another user even.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The path at which an inspector proves itself, before the nonce. */
export const PROOF_PATH = '/api/proof/';

/** What only one who has the key can say about a nonce. */
export function proofOf(key: string, nonce: string): string {
  return createHmac('sha256', key).update(`inspector:${nonce}`).digest('base64url');
}

export function isProof(text: unknown, key: string, nonce: string): boolean {
  const expected = Buffer.from(proofOf(key, nonce));
  const given = Buffer.from(typeof text === 'string' ? text : '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
