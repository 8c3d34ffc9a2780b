/** What a sign-in needs of an identity provider, whatever protocol it speaks. */
import type { DomainProof, Identity } from '../identity/identity.js';
import type { LogoutToken } from './logout-token.js';

/** The values of one sign-in that its response must match, from its transaction. */
export interface SignInChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface SignInFields extends SignInChecks {
  /** With `yes` the provider lets the visitor choose an account even if they are signed in there. */
  readonly chooseAccount: 'no' | 'yes';
  /** The most likely domain of the visitor: a hint, sent to Google only. */
  readonly domainHint?: string;
}

export interface IdentityProvider {
  /** The name of the provider in `/oauth2/start?provider=`. */
  readonly id: string;
  /** What visitors read. */
  readonly label: string;
  /** The issuer of this provider's identities. */
  readonly issuer: string;
  /** What a domain rule is compared with. */
  readonly domainProof: DomainProof;
  /** Canonical: addresses of these domains, and no others, count from this provider, and from none that does not name them. */
  readonly domains: readonly string[];
  /** These groups and those below them, and no others, count from this provider, and from none that does not name them. */
  readonly groups: readonly string[];
  /** The path of its redirect URI: a response that arrives at that of another provider is refused. */
  readonly callbackPath: string;
  /** The URL of the authorization request. Throws `ERR_PROVIDER_UNAVAILABLE` when the provider cannot be used. */
  begin(fields: SignInFields): Promise<string>;
  /**
   * Validates the authorization response and reads the identity. Only the query of `callback` is used. Throws
   * `ERR_LOGIN_FAILED` for an invalid response, `ERR_ACCESS_DENIED` when the provider or the visitor denied the request or the
   * account has no usable email, `ERR_PROVIDER_UNAVAILABLE` when the provider fails.
   */
  finish(callback: URL, checks: SignInChecks): Promise<Identity>;
  /** Checks what needs no visitor: a sentence for each finding, with option and remedy. Never rejects. */
  check(): Promise<readonly string[]>;
  /**
   * Reads a logout token; absent for a provider that sends none. Throws `ERR_LOGIN_FAILED` for one that is not valid,
   * `ERR_PROVIDER_UNAVAILABLE` when its keys cannot be had. Whether it counts once is for the caller.
   */
  readLogoutToken?(token: string): Promise<LogoutToken>;
  /** Where a visitor signs out at the provider itself; undefined when that is not possible. */
  signOutUrl(): Promise<string | undefined>;
}
