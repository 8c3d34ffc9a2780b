/**
 * The nonce: a cookie on a tunnel's host for the time of a sign-in on the base host, so that a ticket is useless in another
 * browser. Only this edge can issue one, for one host: the cookie and the proof, which represents the nonce in a URL, both
 * have an HMAC (RFC 2104). The nonce itself never leaves its cookie.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { deriveKeys, type Key } from '../../core/keys.js';

// 32 bytes each in base64url: the text, and the HMAC-SHA-256 over it.
const SEALED = /^([\w-]{43})\.([\w-]{43})$/;

/** Issues nonces and verifies those of this edge. */
export class Nonces {
  readonly #keys: readonly [Key, ...Key[]];

  /** The secrets, newest first: the first signs, all of them verify. */
  constructor(secrets: readonly string[]) {
    this.#keys = deriveKeys(secrets, 'nonce');
  }

  /** A new value for the nonce cookie of a host: 256 random bits. */
  issue(host: string): string {
    return this.#seal('cookie', host, randomBytes(32).toString('base64url'));
  }

  /** Whether a cookie value was issued for this host. */
  isIssued(value: string, host: string): boolean {
    return this.#open('cookie', host, value) !== undefined;
  }

  /** The proof of a nonce for a URL: its hash, for this host. */
  prove(value: string, host: string): string {
    return this.#seal('proof', host, hashNonce(value));
  }

  /** The hash in a proof that was made for this host; undefined for any other text. */
  readProof(proof: string, host: string): string | undefined {
    return this.#open('proof', host, proof);
  }

  #seal(kind: 'cookie' | 'proof', host: string, text: string): string {
    const [key] = this.#keys;
    return `${text}.${mac(key, kind, host, text).toString('base64url')}`;
  }

  #open(kind: 'cookie' | 'proof', host: string, sealed: string): string | undefined {
    const [, text, code] = SEALED.exec(sealed) ?? [];
    if (text === undefined || code === undefined) return undefined;
    const given = Buffer.from(code, 'base64url');
    return this.#keys.some((key) => timingSafeEqual(mac(key, kind, host, text), given)) ? text : undefined;
  }
}

/** Represents a nonce where the nonce must stay secret: SHA-256, base64url. */
export function hashNonce(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url');
}

function mac({ bytes }: Key, kind: string, host: string, text: string): Buffer {
  return createHmac('sha256', bytes).update(`${kind} ${host} ${text}`).digest();
}
