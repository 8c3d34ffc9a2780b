/**
 * The identity provider as this edge sees it: OpenID Connect Core 1.0, code flow with PKCE, state and nonce, found by
 * discovery. Owns `openid-client`. What is said about a visitor is read in `identity.ts`;
 * whether they may pass is policy's to say.
 */
import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  buildEndSessionUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  type IDToken,
  ResponseBodyError,
  type ServerMetadata,
} from 'openid-client';
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import { type DomainProof, type EmailVerification, type Identity, readIdentity } from '../identity/identity.js';
import { isEndpoint, issuerText, readIssuer } from '../identity/issuer.js';
import { SECRET_REFUSED } from './checks.js';
import { checkIdToken, mergeClaims } from './claims.js';
import { ClientAuthentication, isSecretRefused } from './client-authentication.js';
import { discoverProvider, type Provider } from './discovery.js';
import { refusalOf, refused, translateProviderError } from './errors.js';

export interface OidcOptions {
  /** Names the provider in the start of a sign-in. */
  readonly id: string;
  /** As the provider spells it. https, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Separated by spaces; `openid` among them. */
  readonly scopes: string;
  readonly groupsClaim: string;
  /** Default: `required`. */
  readonly emailVerified?: EmailVerification;
  /** The one redirect URI, on the base host. */
  readonly redirectUri: string;
  /** Where the provider sends a visitor who has signed out there. */
  readonly signedOutUri: string;
  readonly log: Log;
  /** Longest wait for one response of the provider. Default: 10 s. */
  readonly timeoutMs?: number;
}

/** The secrets of one sign-in, from its transaction. */
export interface SignInChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface SignInFields extends SignInChecks {
  /** `yes` shows the provider's choice of accounts even to a visitor with one sign-in there. */
  readonly chooseAccount: 'no' | 'yes';
  /** The domain that a visitor most likely belongs to. Sent to Google only, and never more than a hint. */
  readonly domainHint?: string;
}

const GOOGLE = 'https://accounts.google.com';

/** Sends visitors to the identity provider and reads what it says when they come back. */
export class OidcProvider {
  readonly id: string;
  /** The issuer of every identity from here, known without discovery. */
  readonly issuer: string;
  /** What a domain rule is held against: Google's `hd` claim, elsewhere the domain of a verified email. */
  readonly domainProof: DomainProof;
  readonly #options: OidcOptions;
  readonly #issuer: URL;
  #provider: Promise<Provider> | undefined;
  readonly #authentication: ClientAuthentication;

  /** Throws `ERR_CONFIG_INVALID` for an issuer that is not a https URL, or a http URL on loopback. */
  constructor(options: OidcOptions) {
    this.#options = options;
    this.#issuer = readIssuer(options.issuer);
    this.id = options.id;
    this.issuer = issuerText(this.#issuer);
    this.#authentication = new ClientAuthentication(options.clientSecret);
    this.domainProof = this.#issuer.origin === GOOGLE ? 'hosted-domain' : 'email';
  }

  /** The URL at which a visitor signs in. Throws `ERR_PROVIDER_UNAVAILABLE` when discovery fails. */
  async begin({ state, nonce, verifier, chooseAccount, domainHint }: SignInFields): Promise<string> {
    const { configuration, metadata } = await this.#discovered();
    const isGoogle = this.domainProof === 'hosted-domain';
    const parameters = {
      redirect_uri: this.#options.redirectUri,
      scope: this.#options.scopes,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(chooseAccount === 'yes' && { prompt: isGoogle ? 'select_account' : promptFor(metadata) }),
      ...(isGoogle && domainHint !== undefined && { hd: domainHint }),
    };
    return (await this.#authorizationUrl(configuration, metadata, parameters)).href;
  }

  /**
   * Reads the provider's response. Only the query of `callback` counts. Throws `ERR_LOGIN_FAILED` for a response that
   * proves nothing, `ERR_ACCESS_DENIED` when the provider or the visitor refused or the account has no usable email,
   * `ERR_PROVIDER_UNAVAILABLE` when the provider fails.
   */
  async finish(callback: URL, checks: SignInChecks): Promise<Identity> {
    const provider = await this.#discovered();
    try {
      const tokens = await this.#exchange(provider, this.#ownUrl(callback), checks);
      const claims = tokens.claims();
      if (claims === undefined || tokens.id_token === undefined) throw refused('there is no ID token');
      await provider.keys.verify(tokens.id_token);
      const code = callback.searchParams.get('code') ?? '';
      const response = { idToken: tokens.id_token, accessToken: tokens.access_token, code };
      checkIdToken(claims, this.#options.clientId, response);
      const extra = await this.#userInfo(provider, claims, tokens.access_token);
      return this.#identityOf(mergeClaims(claims, extra, this.#options));
    } catch (error) {
      if (isSecretRefused(error)) this.#warn(SECRET_REFUSED);
      throw translate(error);
    }
  }

  /**
   * Tries what can be tried without a visitor: discovery, the clock, and the client's secret with a code that nobody was
   * given. Each finding is a sentence that names option and remedy. Never rejects, and takes no longer than the provider's
   * time limits.
   */
  async check(): Promise<readonly string[]> {
    try {
      const provider = await this.#discovered();
      const secret = await this.#isSecretRefused(provider);
      return [...(provider.clock === undefined ? [] : [provider.clock]), ...(secret ? [SECRET_REFUSED] : [])];
    } catch (error) {
      return [translate(error).message];
    }
  }

  /** Where the visitor's sign-in at the provider itself ends; undefined when it has no such place or is unavailable. */
  async signOutUrl(): Promise<string | undefined> {
    const provider = await this.#discovered().catch(() => undefined); // logged there; signing out here works without
    if (provider === undefined || !isEndpoint(provider.metadata.end_session_endpoint, this.#issuer)) return undefined;
    return buildEndSessionUrl(provider.configuration, { post_logout_redirect_uri: this.#options.signedOutUri }).href;
  }

  // One attempt for all who wait; a failed one is forgotten, so that the next visitor tries again.
  #discovered(): Promise<Provider> {
    this.#provider ??= discoverProvider(this.#issuer, this.#options, this.#authentication).catch((error: unknown) => {
      this.#provider = undefined;
      const failure = new PosternError('ERR_PROVIDER_UNAVAILABLE', `discovery failed: ${translate(error).message}`);
      this.#options.log.warn({ issuer: this.#issuer.href, reason: failure.message }, 'identity provider unavailable');
      throw failure;
    });
    return this.#provider;
  }

  #exchange({ configuration }: Provider, url: URL, { state, nonce, verifier }: SignInChecks) {
    return this.#authentication.tried(() =>
      authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      }),
    );
  }

  // RFC 9126 section 5: a provider may take requests over the back channel only.
  #authorizationUrl(
    configuration: Configuration,
    metadata: Readonly<ServerMetadata>,
    parameters: Record<string, string>,
  ): Promise<URL> | URL {
    if (metadata.require_pushed_authorization_requests !== true)
      return buildAuthorizationUrl(configuration, parameters);
    return this.#authentication
      .tried(() => buildAuthorizationUrlWithPAR(configuration, parameters))
      .catch((error: unknown) => {
        if (isSecretRefused(error)) this.#warn(SECRET_REFUSED);
        throw translate(error);
      });
  }

  // The client is authenticated before the code is looked at (RFC 6749 section 4.1.3): any other error is as expected.
  async #isSecretRefused(provider: Provider): Promise<boolean> {
    const checks = { state: 'check', nonce: 'check', verifier: 'check'.repeat(10) };
    const query = new URLSearchParams({ code: 'check', state: checks.state, iss: provider.metadata.issuer });
    const url = new URL(`${this.#options.redirectUri}?${query}`);
    return this.#exchange(provider, url, checks).then(() => false, isSecretRefused);
  }

  #warn(reason: string): void {
    this.#options.log.warn({ issuer: this.#issuer.href, reason }, 'identity provider refuses this edge');
  }

  // Fails closed: rules for groups match nobody whose groups are not known. The operator hears why.
  #identityOf(claims: Readonly<Record<string, unknown>>): Identity {
    const identity = readIdentity(claims, { ...this.#options, issuer: this.issuer, domainProof: this.domainProof });
    const { subject, groupsOmitted } = identity;
    const { log, groupsClaim } = this.#options;
    if (groupsOmitted) log.warn({ subject, groupsClaim }, 'identity provider left groups out');
    return identity;
  }

  // The redirect URI sent to the provider is ours as configured, never what a `Host` header made of it.
  #ownUrl({ searchParams, search }: URL): URL {
    if (new Set(searchParams.keys()).size < searchParams.size) throw refused('it has a parameter twice');
    const url = new URL(this.#options.redirectUri);
    url.search = search;
    return url;
  }

  async #userInfo({ configuration, metadata }: Provider, claims: IDToken, accessToken: string) {
    if (metadata.userinfo_endpoint === undefined || this.#saysAll(claims)) return {};
    return fetchUserInfo(configuration, accessToken, claims.sub);
  }

  // Google has no groups to ask for. Where silence about an address is taken for a yes, userinfo is heard as well.
  #saysAll(claims: IDToken): boolean {
    const hasGroups = this.domainProof === 'hosted-domain' || Object.hasOwn(claims, this.#options.groupsClaim);
    const isHeard = this.#options.emailVerified !== 'accept-missing' || claims['email_verified'] !== undefined;
    return claims['email'] !== undefined && hasGroups && isHeard;
  }
}

// Every provider knows "login"; the choice of accounts is offered by some.
function promptFor({ prompt_values_supported: supported }: Readonly<ServerMetadata>): string {
  return Array.isArray(supported) && supported.includes('select_account') ? 'select_account' : 'login';
}

function translate(error: unknown): PosternError {
  if (error instanceof AuthorizationResponseError) return refusalOf(error.error);
  return translateProviderError(error, error instanceof ResponseBodyError ? error.error : undefined);
}
