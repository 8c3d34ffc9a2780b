/**
 * Client authentication at the identity provider: the secret in `Authorization` or in the form (RFC 6749 section 2.3.1), or
 * a JWT signed with it (OpenID Connect Core section 9, `client_secret_jwt`).
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
import { invalidResponse } from './errors.js';

type Method = 'client_secret_post' | 'client_secret_basic' | 'client_secret_jwt';

// Post first: providers disagree about how RFC 6749 section 2.3.1 encodes a secret for basic.
const METHODS: readonly Method[] = ['client_secret_post', 'client_secret_basic', 'client_secret_jwt'];

export class ClientAuthentication {
  readonly #byMethod: Readonly<Record<Method, ClientAuth>>;
  #method: Method = 'client_secret_basic';

  constructor(secret: string) {
    this.#byMethod = {
      client_secret_post: ClientSecretPost(secret),
      client_secret_basic: ClientSecretBasic(secret),
      client_secret_jwt: ClientSecretJwt(secret),
    };
  }

  /** The method in use, in the form that `openid-client` calls. */
  readonly authenticate: ClientAuth = (...request) => this.#byMethod[this.#method](...request);

  /** Chooses the first method that the provider supports; basic when its metadata names none. Throws `ERR_LOGIN_FAILED`. */
  choose({ token_endpoint_auth_methods_supported: supported }: Readonly<ServerMetadata>): void {
    if (!Array.isArray(supported)) return;
    const method = METHODS.find((candidate) => supported.includes(candidate));
    if (method === undefined)
      throw invalidResponse(`it accepts none of ${METHODS.join(', ')}: allow one of them for this client`);
    this.#method = method;
  }

  /**
   * Runs a request. Which method a provider accepts may differ from its metadata, and a rejected attempt does not use up the
   * code (RFC 6749 section 3.2.1): after a rejection the other method is tried once. It stays in use unless it is rejected as
   * well: then the secret is wrong, and the first method may be right.
   */
  async withFallback<Result>(request: () => Promise<Result>): Promise<Result> {
    const method = this.#method;
    try {
      return await request();
    } catch (error) {
      if (method === 'client_secret_jwt' || !isSecretRefused(error)) throw error;
      this.#method = method === 'client_secret_basic' ? 'client_secret_post' : 'client_secret_basic';
      return await this.#orRevertTo(method, request);
    }
  }

  async #orRevertTo<Result>(method: Method, request: () => Promise<Result>): Promise<Result> {
    try {
      return await request();
    } catch (error) {
      if (isSecretRefused(error)) this.#method = method;
      throw error;
    }
  }
}

/** Whether the provider rejected the client authentication (RFC 6749 section 5.2). */
export function isSecretRefused(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.error === 'invalid_client';
  return error instanceof WWWAuthenticateChallengeError && error.status === 401;
}
