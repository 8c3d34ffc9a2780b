/**
 * `X-Postern-Assertion`: a JWT (RFC 7519, ES256) by which a target verifies who the visitor is without trusting the
 * network in between. The signing key derives from the operator's secret, so all edges with that secret sign with the same key,
 * also after a restart; `/.postern/jwks.json` publishes its public half.
 */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { type JWK, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { deriveKeys, type Key } from '../../core/keys.js';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { type RenewableClaims, readRenewable } from './assertion-renewal.js';
import { ALGORITHM, BACKDATED_SECONDS, LIFETIME_SECONDS } from './assertion-times.js';
import type { Identity } from './identity.js';

export interface AssertionsOptions {
  /** Newest first: the first signs, all of them are published. */
  readonly secrets: readonly string[];
  /** The origin of the base host. */
  readonly issuer: string;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface AssertionFields {
  /** The origin of the tunnel. */
  readonly audience: string;
  readonly identity: Identity;
  /** The sign-in. Not part of the assertion, only of the key under which it is cached. */
  readonly sessionId: string;
}

/** An assertion, signed or being signed. */
export interface Assertion {
  readonly sessionId: string;
  readonly audience: string;
  /** Milliseconds since the epoch; the assertion expires at least ninety seconds later. 0 when signing has failed. */
  readonly reusableUntilMs: number;
  /** The JWT, in compact serialization. */
  readonly text: MaybePromise<string>;
}

type CachedAssertion = { -readonly [Key in keyof Assertion]: Assertion[Key] };

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: JWK;
}

// Half a minute for a verifier's clock that is ahead, and a minute to queue and to verify.
const MIN_LEFT_MS = 90_000;

// About 1 kB each.
const MAX_CACHED = 10_000;

// The order of P-256 (SP 800-186 section 3.2.1.3).
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Signs assertions and publishes the keys that verify them. */
export class Assertions {
  readonly #issuer: string;
  readonly #now: () => number;
  readonly #signingKey: SigningKey;
  readonly #publicKeys: readonly JWK[];
  readonly #cache = new LRUCache<string, CachedAssertion>({ max: MAX_CACHED });

  constructor({ secrets, issuer, now = Date.now }: AssertionsOptions) {
    // 48 bytes: 128 bits more than the order, so the reduction below has no measurable bias.
    const [newest, ...older] = deriveKeys(secrets, 'assertion', 48);
    this.#issuer = issuer;
    this.#now = now;
    this.#signingKey = signingKeyOf(newest);
    this.#publicKeys = [this.#signingKey.publicKey, ...older.map((key) => signingKeyOf(key).publicKey)];
  }

  /** The public keys of all secrets as a JWK set (RFC 7517 section 5). */
  jwks(): { keys: JWK[] } {
    return { keys: this.#publicKeys.map((key) => ({ ...key })) };
  }

  /** An assertion with at least ninety seconds left: the cached one of this session and audience, or a new one. */
  sign(fields: AssertionFields, nowMs = this.#now()): Assertion {
    const key = `${fields.sessionId} ${fields.audience}`;
    const cached = this.#cache.get(key);
    const isFresh = cached !== undefined && nowMs < cached.reusableUntilMs;
    return isFresh ? cached : this.#create(fields, key, nowMs);
  }

  /** The claims of an assertion of ours that may be signed afresh; undefined for any other text. */
  readRenewable(text: string, audience: string): Promise<RenewableClaims | undefined> {
    return readRenewable(text, { keys: this.#publicKeys, issuer: this.#issuer, audience, nowMs: this.#now() });
  }

  /** Signs claims of `readRenewable` afresh. */
  renew({ sub, ...claims }: RenewableClaims, audience: string): Promise<string> {
    return this.#signClaims({ ...claims }, { sub, audience }, Math.floor(this.#now() / 1000));
  }

  #create(fields: AssertionFields, key: string, nowMs: number): Assertion {
    const { sessionId, audience } = fields;
    const nowSeconds = Math.floor(nowMs / 1000);
    const reusableUntilMs = (nowSeconds + LIFETIME_SECONDS) * 1000 - MIN_LEFT_MS;
    const signing = this.#sign(fields, nowSeconds);
    const entry: CachedAssertion = { sessionId, audience, reusableUntilMs, text: signing };
    this.#cache.set(key, entry);
    signing.then(
      (text) => {
        entry.text = text;
      },
      () => {
        // The waiting requests fail. The next one signs again, also where a connection cache still holds this entry.
        this.#cache.delete(key);
        entry.reusableUntilMs = 0;
      },
    );
    return entry;
  }

  #sign({ audience, identity }: AssertionFields, nowSeconds: number): Promise<string> {
    const claims = {
      idp: identity.issuer, // `sub` is unique with it only: there may be several providers
      email: identity.email,
      ...(identity.username !== undefined && { preferred_username: identity.username }),
      ...(identity.groups.length > 0 && { groups: [...identity.groups] }),
    };
    return this.#signClaims(claims, { sub: identity.subject, audience }, nowSeconds);
  }

  #signClaims(
    claims: Record<string, unknown>,
    { sub, audience }: { readonly sub: string; readonly audience: string },
    nowSeconds: number,
  ): Promise<string> {
    const { privateKey, publicKey } = this.#signingKey;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: publicKey.kid as string })
      .setIssuer(this.#issuer)
      .setAudience(audience)
      .setSubject(sub)
      .setIssuedAt(nowSeconds - BACKDATED_SECONDS)
      .setExpirationTime(nowSeconds + LIFETIME_SECONDS)
      .sign(privateKey);
  }
}

// FIPS 186-5 section A.2.1: a private key from more random bits than the order has, reduced and never zero.
function signingKeyOf({ id, bytes }: Key): SigningKey {
  const scalar = (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) % (ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey(); // SEC 1 section 2.3.3, uncompressed: 0x04, x, y
  const curve = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return {
    privateKey: createPrivateKey({ key: { ...curve, d: d.toString('base64url') }, format: 'jwk' }),
    publicKey: { ...curve, alg: ALGORITHM, use: 'sig', kid: id },
  };
}
