/**
 * Keys and entries as they are in Redis. Text is ASCII there, with everything above it escaped behind a DEL: so bytes have the
 * order of UTF-16 code units, and any text comes back as it was. What is read may be anybody's: it is checked.
 */
import { createHash } from 'node:crypto';
import { PosternError } from '../../errors.js';
import type { Entry } from '../store.js';
import { MAX_KEY_CHARS, MAX_VALUE_CHARS } from '../table.js';

/** The names of the keys of a store. `1` is the version of what is in them. */
export class KeyNames {
  readonly head: string;
  readonly changes: string;
  readonly nodes: string;
  readonly #root: string;

  constructor(prefix: string) {
    this.#root = `${prefix}:1`;
    this.head = `${this.#root}:head`;
    this.changes = `${this.#root}:changes`;
    this.nodes = `${this.#root}:nodes`;
  }

  /** Those of a script that changes entries of a kind. */
  ofKind(kind: string): string[] {
    return [this.head, this.changes, this.entries(kind), `${this.#root}:expiry:${encodeText(kind)}`];
  }

  entries(kind: string): string {
    return `${this.#root}:entries:${encodeText(kind)}`;
  }

  /** That of a counter of attempts: who has attempted is not in it. */
  counter(key: string): string {
    return `${this.#root}:attempts:${createHash('sha256').update(key).digest('base64url')}`;
  }
}

// ECMA-262 section 21.4.1.1.
const MAX_TIME_MS = 8.64e15;

export function encodeText(text: string): string {
  return text.replace(/[\x7f-\uffff]/g, (unit) => `\x7f${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Undefined for what `encodeText` does not write. */
export function decodeText(text: unknown): string | undefined {
  if (typeof text !== 'string' || /[^\0-\x7f]|\x7f(?![\da-f]{4})/.test(text)) return undefined;
  return text.replace(/\x7f([\da-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The entry of a key that was read; undefined for anything that no store has written. */
export function readEntry(key: string, packed: unknown): Entry | undefined {
  if (typeof packed !== 'string' || key.length > MAX_KEY_CHARS) return undefined;
  const [, version = '', expires = '', encoded = ''] = /^(\d{1,15}):(\d{0,16}):(.*)$/s.exec(packed) ?? [];
  const value = decodeText(encoded);
  if (version === '' || value === undefined || value.length > MAX_VALUE_CHARS) return undefined;
  return { key, value, version: Number(version), expiresAtMs: expires === '' ? undefined : Number(expires) };
}

/** The version that a script has returned. Throws `ERR_STORE_UNAVAILABLE` for anything else. */
export function readVersion(reply: unknown): number {
  if (typeof reply === 'string' && /^\d{1,15}$/.test(reply)) return Number(reply);
  throw new PosternError('ERR_STORE_UNAVAILABLE', 'Redis has replied with something that is no version');
}

/** A time as a script takes it: whole milliseconds that a `Date` can hold; empty for never. */
export function expiryText(expiresAtMs: number | undefined): string {
  return expiresAtMs === undefined ? '' : `${Math.min(Math.max(Math.ceil(expiresAtMs), 0), MAX_TIME_MS)}`;
}

/** The part of a key behind its kind. */
export function idOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}
