/**
 * How this edge proves to the identity provider which client it is: its secret in `Authorization` or in the form
 * (RFC 6749 section 2.3.1), or a JWT signed with it (OpenID Connect Core section 9, `client_secret_jwt`).
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
import { refused } from './errors.js';

type Method = 'client_secret_post' | 'client_secret_basic' | 'client_secret_jwt';

// Post first: providers disagree about how RFC 6749 section 2.3.1 encodes a secret for basic.
const METHODS: readonly Method[] = ['client_secret_post', 'client_secret_basic', 'client_secret_jwt'];

export class ClientAuthentication {
  readonly #ways: Readonly<Record<Method, ClientAuth>>;
  #method: Method = 'client_secret_basic';

  constructor(secret: string) {
    this.#ways = {
      client_secret_post: ClientSecretPost(secret),
      client_secret_basic: ClientSecretBasic(secret),
      client_secret_jwt: ClientSecretJwt(secret),
    };
  }

  /** For `openid-client`. */
  readonly authenticate: ClientAuth = (...request) => this.#ways[this.#method](...request);

  /** Chooses the first method that the provider announces; basic where it announces none. Throws `ERR_LOGIN_FAILED`. */
  choose({ token_endpoint_auth_methods_supported: supported }: Readonly<ServerMetadata>): void {
    if (!Array.isArray(supported)) return;
    const method = METHODS.find((one) => supported.includes(one));
    if (method === undefined)
      throw refused(`it accepts none of ${METHODS.join(', ')}: allow one of them for this client`);
    this.#method = method;
  }

  /**
   * Runs a request. Providers accept one way of sending the secret, or either, whatever their metadata says; a refused
   * attempt does not use up a code (RFC 6749 section 3.2.1), so the other method is tried once, and kept unless it
   * is refused as well: then the secret is wrong, and the method may be right.
   */
  async tried<Result>(request: () => Promise<Result>): Promise<Result> {
    const method = this.#method;
    try {
      return await request();
    } catch (error) {
      if (method === 'client_secret_jwt' || !isSecretRefused(error)) throw error;
      this.#method = method === 'client_secret_basic' ? 'client_secret_post' : 'client_secret_basic';
      return await this.#orBackTo(method, request);
    }
  }

  async #orBackTo<Result>(method: Method, request: () => Promise<Result>): Promise<Result> {
    try {
      return await request();
    } catch (error) {
      if (isSecretRefused(error)) this.#method = method;
      throw error;
    }
  }
}

/** Whether the provider does not take this edge for the client that it says it is (RFC 6749 section 5.2). */
export function isSecretRefused(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.error === 'invalid_client';
  return error instanceof WWWAuthenticateChallengeError && error.status === 401;
}
