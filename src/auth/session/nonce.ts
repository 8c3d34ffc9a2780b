/**
 * The nonce: what a browser holds on a tunnel's host while it signs in on the base host, so that a ticket is worth nothing
 * in another browser. Only this edge makes one, for one host: its cookie and its proof, which stands for it in a URL, both
 * carry an HMAC (RFC 2104). The nonce itself never leaves its cookie.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { deriveKeys, type Key } from '../../core/keys.js';

// 32 bytes each in base64url: what is said, and the HMAC-SHA-256 over it.
const SEALED = /^([\w-]{43})\.([\w-]{43})$/;

/** Makes nonces and recognises those of this edge. */
export class Nonces {
  readonly #keys: readonly [Key, ...Key[]];

  /** The secrets newest first: the first seals, every one is recognised. */
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

  /** What a URL says of a nonce: its hash, for this host. */
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

/** What stands for a nonce where it must not be known: SHA-256, base64url. */
export function hashNonce(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url');
}

function mac({ bytes }: Key, kind: string, host: string, text: string): Buffer {
  return createHmac('sha256', bytes).update(`${kind} ${host} ${text}`).digest();
}
