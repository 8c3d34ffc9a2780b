/**
 * The keys with which the identity provider signs ID tokens. `openid-client` leaves signatures to TLS (OpenID Connect
 * Core section 3.1.3.7, step 6); they are verified here as well. Keys rotate: an unknown key id causes a reload, at
 * most once in thirty seconds.
 */
import {
  type CompactVerifyResult,
  compactVerify,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose';
import { fetchFromProvider } from './fetch.js';

/** Asymmetric signatures only: no MAC that a holder of the client secret or of the public key could compute. */
export const ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const RELOAD_INTERVAL_MS = 30_000;

/** Verifies signatures by the provider's published keys. */
export class ProviderKeys {
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #reloadedAtMs = 0;

  constructor(url: URL, timeoutMs: number) {
    this.#keys = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cooldownDuration: Number.POSITIVE_INFINITY, // `#reload` decides when an unknown key causes a reload
      [customFetch]: (address, options) => fetchFromProvider(address, options),
    });
  }

  /** Throws an error of `jose`, or of `fetchFromProvider`, unless the token is signed with one of the keys. */
  verify(token: string): Promise<CompactVerifyResult> {
    return compactVerify(token, (header, jws) => this.#keyFor(header, jws), { algorithms: [...ALGORITHMS] });
  }

  async #keyFor(header: JWSHeaderParameters, jws: FlattenedJWSInput) {
    try {
      return await this.#keys(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#reload();
      return this.#keys(header, jws);
    }
  }

  // The cooldown of `jose` starts at the first load, so it would miss a rotation soon after that.
  async #reload(): Promise<void> {
    const nowMs = Date.now();
    if (!this.#keys.reloading && nowMs - this.#reloadedAtMs < RELOAD_INTERVAL_MS) return;
    this.#reloadedAtMs = nowMs;
    await this.#keys.reload();
  }
}
