/**
 * Client authentication at the identity provider: the secret in `Authorization` or in the form (RFC 6749 section 2.3.1), a
 * JWT signed with it (OpenID Connect Core section 9, `client_secret_jwt`), or one signed with a private key.
 */
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretJwt,
  ClientSecretPost,
  ResponseBodyError,
  type ServerMetadata,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { KEY_REFUSED, SECRET_REFUSED } from './checks.js';
import { invalidResponse } from './errors.js';
import { type ClientKey, privateKeyJwt } from './private-key-jwt.js';

/** The secret, or the private key. */
export type ClientCredential = string | ClientKey;

/** A way to authenticate, and the one that is tried when the provider rejects it. */
type Ways = readonly [ClientAuth, ClientAuth?];

// Post first: providers disagree about how RFC 6749 section 2.3.1 encodes a secret for basic.
const SECRET_METHODS = ['client_secret_post', 'client_secret_basic', 'client_secret_jwt'] as const;

export class ClientAuthentication {
  /** What to log when the provider rejects the client. */
  readonly refusal: string;
  readonly #credential: ClientCredential;
  #ways: Ways;
  /** What the ways were chosen for. */
  #supported: string | undefined;

  constructor(credential: ClientCredential) {
    this.#credential = credential;
    this.#ways = waysOf(credential, {});
    this.refusal = typeof credential === 'string' ? SECRET_REFUSED : KEY_REFUSED;
  }

  /** The way in use, in the form that `openid-client` calls. */
  readonly authenticate: ClientAuth = (...request) => this.#ways[0](...request);

  /**
   * Chooses what the provider supports; throws `ERR_LOGIN_FAILED` when that is nothing. What was found out since about a provider that
   * says the same as before stays.
   */
  choose(metadata: Readonly<ServerMetadata>): void {
    const supported = JSON.stringify([
      metadata.token_endpoint_auth_methods_supported,
      metadata.token_endpoint_auth_signing_alg_values_supported,
    ]);
    if (supported === this.#supported) return;
    this.#ways = waysOf(this.#credential, metadata);
    this.#supported = supported;
  }

  /**
   * Runs a request. What a provider accepts may differ from its metadata, and a rejected attempt does not use up the code
   * (RFC 6749 section 3.2.1): after a rejection the other way is tried once. It stays in use unless it is rejected as well:
   * then the credential is wrong, and the first way may be right.
   */
  async withFallback<Result>(request: () => Promise<Result>): Promise<Result> {
    const ways = this.#ways;
    const [first, second] = ways;
    try {
      return await request();
    } catch (error) {
      if (second === undefined || !isClientRefused(error)) throw error;
      this.#ways = [second, first];
      return await this.#orRevertTo(ways, request);
    }
  }

  async #orRevertTo<Result>(ways: Ways, request: () => Promise<Result>): Promise<Result> {
    try {
      return await request();
    } catch (error) {
      if (isClientRefused(error)) this.#ways = ways;
      throw error;
    }
  }
}

/** Whether the provider rejected the client authentication (RFC 6749 section 5.2). */
export function isClientRefused(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.error === 'invalid_client';
  return error instanceof WWWAuthenticateChallengeError && error.status === 401;
}

function waysOf(credential: ClientCredential, metadata: Readonly<Partial<ServerMetadata>>): Ways {
  return typeof credential === 'string' ? secretWays(credential, metadata) : privateKeyJwt(credential, metadata);
}

// Basic is what is meant when the metadata names no method (OpenID Connect Discovery section 3).
function secretWays(secret: string, metadata: Readonly<Partial<ServerMetadata>>): Ways {
  const { token_endpoint_auth_methods_supported: supported } = metadata;
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  const method = Array.isArray(supported)
    ? SECRET_METHODS.find((candidate) => supported.includes(candidate))
    : 'client_secret_basic';
  if (method === 'client_secret_basic') return [basic, post];
  if (method === 'client_secret_post') return [post, basic];
  if (method === 'client_secret_jwt') return [ClientSecretJwt(secret)];
  const key = Array.isArray(supported) && supported.includes('private_key_jwt');
  const remedy = key ? 'expected a client key instead of the client secret' : 'allow one of them for this client';
  throw invalidResponse(`it accepts none of ${SECRET_METHODS.join(', ')}: ${remedy}`);
}
