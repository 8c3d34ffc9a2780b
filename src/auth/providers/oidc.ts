/**
 * The client of an OpenID Connect provider: discovery, and the authorization code flow with PKCE, state and nonce (OpenID
 * Connect Core 1.0). Owns `openid-client`. `identity.ts` reads the claims; policy decides about access.
 */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  buildEndSessionUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  type IDToken,
  type ServerMetadata,
} from 'openid-client';
import { isEntra } from '../../core/entra.js';
import type { Log } from '../../core/log.js';
import type { EmailVerification } from '../../core/rule.js';
import { type DomainProof, type EmailProof, type Identity, readIdentity } from '../identity/identity.js';
import { isEndpoint, issuerText, readIssuer } from '../identity/issuer.js';
import { responseUrl } from './authorization-response.js';
import { checkIdToken, mergeClaims } from './claims.js';
import { ClientAuthentication, type ClientCredential, isClientRefused } from './client-authentication.js';
import { CurrentProvider } from './current-provider.js';
import type { Provider } from './discovery.js';
import { invalidResponse } from './errors.js';
import type { IdentityProvider, SignInChecks, SignInFields } from './identity-provider.js';
import { labelOf } from './label.js';
import { type LogoutToken, verifyLogoutToken } from './logout-token.js';
import { redirectFinding } from './redirect-check.js';
import { translate } from './translate.js';

export interface OidcOptions {
  /** The name of the provider in `/oauth2/start?provider=`. */
  readonly id: string;
  /** What visitors read. Default: the well-known name of the issuer, or its host. */
  readonly label?: string | undefined;
  /** As in `IdentityProvider`. Default: none. */
  readonly domains?: readonly string[];
  /** As in `IdentityProvider`. Default: none. */
  readonly groups?: readonly string[];
  /** The issuer URL: https, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  /** How the edge authenticates there: its secret, or its private key. */
  readonly credential: ClientCredential;
  /** Separated by spaces; includes `openid`. */
  readonly scopes: string;
  readonly groupsClaim: string;
  /** Default: `required`. */
  readonly emailVerified?: EmailVerification;
  /** Its redirect URI, on the base host. */
  readonly redirectUri: string;
  /** Where the provider redirects a visitor who has signed out there. */
  readonly signedOutUri: string;
  readonly log: Log;
  /** Timeout of one response of the provider. Default: 10 s. */
  readonly timeoutMs?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

const TIMEOUT_MS = 10_000;

const GOOGLE = 'https://accounts.google.com';

/** Builds the authorization requests to one provider and validates its responses. */
export class OidcProvider implements IdentityProvider {
  readonly id: string;
  readonly label: string;
  /** The issuer of this provider's identities, known before discovery. */
  readonly issuer: string;
  /** What a domain rule is compared with: Google's `hd` claim, or the domain of a verified email. */
  readonly domainProof: DomainProof;
  /** The claim that verifies an address. */
  readonly emailProof: EmailProof;
  readonly domains: readonly string[];
  readonly groups: readonly string[];
  readonly callbackPath: string;
  readonly #options: OidcOptions;
  readonly #issuer: URL;
  readonly #current: CurrentProvider;
  readonly #authentication: ClientAuthentication;

  /** Throws `ERR_CONFIG_INVALID` for an issuer that is not a https URL, or a http URL on loopback. */
  constructor(options: OidcOptions) {
    this.#options = options;
    this.#issuer = readIssuer(options.issuer);
    this.id = options.id;
    this.issuer = issuerText(this.#issuer);
    this.label = options.label ?? labelOf(this.#issuer);
    this.domains = options.domains ?? [];
    this.groups = options.groups ?? [];
    this.callbackPath = new URL(options.redirectUri).pathname;
    this.#authentication = new ClientAuthentication(options.credential);
    this.#current = new CurrentProvider(this.#issuer, options, this.#authentication);
    this.domainProof = this.#issuer.origin === GOOGLE ? 'hosted-domain' : 'email';
    this.emailProof = isEntra(this.#issuer.hostname) ? 'xms_edov' : 'email_verified';
  }

  /** The URL of the authorization request. Throws `ERR_PROVIDER_UNAVAILABLE` when discovery fails. */
  async begin({ state, nonce, verifier, chooseAccount, domainHint }: SignInFields): Promise<string> {
    const { configuration, metadata } = await this.#current.get();
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
    const isPushed = metadata.require_pushed_authorization_requests === true;
    return (isPushed ? await this.#push(configuration, parameters) : buildAuthorizationUrl(configuration, parameters))
      .href;
  }

  async finish(callback: URL, checks: SignInChecks): Promise<Identity> {
    const provider = await this.#current.get();
    try {
      const tokens = await this.#exchange(provider, responseUrl(this.#options.redirectUri, callback), checks);
      const claims = tokens.claims();
      if (claims === undefined || tokens.id_token === undefined) throw invalidResponse('there is no ID token');
      await provider.keys.verify(tokens.id_token);
      const code = callback.searchParams.get('code') ?? '';
      const response = { idToken: tokens.id_token, accessToken: tokens.access_token, code };
      checkIdToken(claims, this.#options.clientId, response);
      const extra = await this.#userInfo(provider, claims, tokens.access_token);
      return this.#identityOf(mergeClaims(claims, extra, this.#options));
    } catch (error) {
      if (isClientRefused(error)) this.#warn(this.#authentication.refusal);
      throw translate(error);
    }
  }

  /**
   * Checks what needs no visitor: discovery, the clock, and with an invalid code how the client authenticates. Each finding is a
   * sentence that names option and remedy. Never rejects, and takes no longer than the timeouts of the requests.
   */
  async check(): Promise<readonly string[]> {
    try {
      const provider = await this.#current.get();
      // The second after the first: a pushed request is not looked at when the client is refused.
      const found = (await this.#clientRefusal(provider)) ?? (await this.#redirectFinding());
      return [provider.clock, found].filter((finding) => finding !== undefined);
    } catch (error) {
      return [translate(error).message];
    }
  }

  async readLogoutToken(token: string): Promise<LogoutToken> {
    const provider = await this.#current.get();
    return verifyLogoutToken(token, provider, this.#options.clientId).catch((error: unknown) => {
      throw translate(error);
    });
  }

  /** The URL of RP-initiated logout; undefined when the provider does not support it or is unavailable. */
  async signOutUrl(): Promise<string | undefined> {
    const provider = await this.#current.get().catch(() => undefined); // already logged; signing out here works without it
    if (provider === undefined || !isEndpoint(provider.metadata.end_session_endpoint, this.#issuer)) return undefined;
    return buildEndSessionUrl(provider.configuration, { post_logout_redirect_uri: this.#options.signedOutUri }).href;
  }

  #exchange({ configuration }: Provider, url: URL, { state, nonce, verifier }: SignInChecks) {
    return this.#authentication.withFallback(() =>
      authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      }),
    );
  }

  // RFC 9126 section 5: a provider may require pushed authorization requests.
  async #push(configuration: Configuration, parameters: Record<string, string>): Promise<URL> {
    try {
      return await this.#authentication.withFallback(() => buildAuthorizationUrlWithPAR(configuration, parameters));
    } catch (error) {
      if (isClientRefused(error)) this.#warn(this.#authentication.refusal);
      throw translate(error);
    }
  }

  // The provider authenticates the client before it checks the code (RFC 6749 section 4.1.3): any other error is expected.
  async #clientRefusal(provider: Provider): Promise<string | undefined> {
    const checks = { state: 'check', nonce: 'check', verifier: 'check'.repeat(10) };
    const query = new URLSearchParams({ code: 'check', state: checks.state, iss: provider.metadata.issuer });
    const url = new URL(`${this.#options.redirectUri}?${query}`);
    return this.#exchange(provider, url, checks).then(
      () => undefined,
      (error: unknown) => (isClientRefused(error) ? this.#authentication.refusal : undefined),
    );
  }

  async #redirectFinding(): Promise<string | undefined> {
    const checks = { state: 'check', nonce: 'check', verifier: 'check'.repeat(10) };
    const { redirectUri, timeoutMs = TIMEOUT_MS } = this.#options;
    try {
      return await redirectFinding(await this.begin({ ...checks, chooseAccount: 'no' }), redirectUri, timeoutMs);
    } catch (error) {
      const { code, message } = translate(error); // of a pushed request
      return code === 'ERR_LOGIN_FAILED' ? `${message}: is ${redirectUri} registered there, byte for byte?` : message;
    }
  }

  #warn(reason: string): void {
    this.#options.log.warn({ issuer: this.#issuer.href, reason }, 'identity provider refuses this edge');
  }

  // Fails closed: a group rule does not match when groups were left out. The warning tells the operator why.
  #identityOf(claims: Readonly<Record<string, unknown>>): Identity {
    const { issuer, domainProof, emailProof } = this;
    const identity = readIdentity(claims, { ...this.#options, issuer, domainProof, emailProof });
    const { subject, groupsOmitted } = identity;
    const { log, groupsClaim } = this.#options;
    if (groupsOmitted) log.warn({ subject, groupsClaim }, 'identity provider left groups out');
    return identity;
  }

  async #userInfo({ configuration, metadata }: Provider, claims: IDToken, accessToken: string) {
    if (metadata.userinfo_endpoint === undefined || this.#isComplete(claims)) return {};
    return fetchUserInfo(configuration, accessToken, claims.sub);
  }

  // Google has no groups claim. Where a missing `email_verified` counts as verified, userinfo must be asked for a denial.
  #isComplete(claims: IDToken): boolean {
    const hasGroups = this.domainProof === 'hosted-domain' || Object.hasOwn(claims, this.#options.groupsClaim);
    const isVerificationKnown =
      this.#options.emailVerified !== 'accept-missing' || claims['email_verified'] !== undefined;
    return claims['email'] !== undefined && hasGroups && isVerificationKnown;
  }
}

// Every provider supports "login"; some also support the choice of an account.
function promptFor({ prompt_values_supported: supported }: Readonly<ServerMetadata>): string {
  return Array.isArray(supported) && supported.includes('select_account') ? 'select_account' : 'login';
}
