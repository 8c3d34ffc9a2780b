/** Message authentication codes (HMAC-SHA-256) of what the edge itself has said, as text. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Key } from './keys.js';

/** 43 characters of base64url. */
export function macOf({ bytes }: Key, text: string): string {
  return createHmac('sha256', bytes).update(text).digest('base64url');
}

/** Whether one of some keys has made this code for a text. */
export function isMacOf(keys: readonly Key[], text: string, given: string): boolean {
  return keys.some((key) => isSameSecret(macOf(key, text), given));
}

/** Compares in constant time. */
export function isSameSecret(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
