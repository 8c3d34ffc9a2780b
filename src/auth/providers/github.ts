/**
 * Sign-in with GitHub: OAuth 2.0 (RFC 6749) with PKCE, since GitHub has neither discovery nor ID tokens. Who the visitor is comes
 * from its API: the numeric id (a login can be renamed, and taken by another), the primary verified address, and organisations
 * and teams as groups.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretPost,
  Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  ResponseBodyError,
} from 'openid-client';
import type { Log } from '../../core/log.js';
import type { Identity } from '../identity/identity.js';
import { issuerText, readIssuer } from '../identity/issuer.js';
import { responseUrl } from './authorization-response.js';
import { SECRET_REFUSED } from './checks.js';
import { fetchFromProvider } from './fetch.js';
import { GitHubApi } from './github-api.js';
import { readGitHubIdentity } from './github-identity.js';
import type { IdentityProvider, SignInChecks, SignInFields } from './identity-provider.js';
import { translate } from './translate.js';

export interface GitHubOptions {
  readonly id: string;
  /** What visitors read. Default: GitHub. */
  readonly label?: string | undefined;
  /** `https://github.com`, or the URL of a GitHub Enterprise Server. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Separated by spaces; includes `user:email`. */
  readonly scopes: string;
  /** As in `IdentityProvider`, in any case of letters. Default: none. */
  readonly groups?: readonly string[];
  /** Its redirect URI, on the base host. */
  readonly redirectUri: string;
  readonly log: Log;
  /** Timeout of one response of GitHub. Default: 10 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
// Each includes the one before it.
const ORGANISATION_SCOPES = ['read:org', 'write:org', 'admin:org'];
const SECRET_CODE = 'incorrect_client_credentials';

export class GitHubProvider implements IdentityProvider {
  readonly id: string;
  readonly label: string;
  readonly issuer: string;
  /** An address shows that its owner had the mailbox once: they may have left the organisation. */
  readonly domainProof = 'none';
  readonly domains: readonly string[] = [];
  readonly groups: readonly string[];
  readonly callbackPath: string;
  readonly #options: GitHubOptions;
  readonly #configuration: Configuration;
  readonly #api: GitHubApi;

  /** Throws `ERR_CONFIG_INVALID` for an issuer that is not a https URL, or a http URL on loopback. */
  constructor(options: GitHubOptions) {
    const issuer = readIssuer(options.issuer);
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#options = options;
    this.id = options.id;
    this.label = options.label ?? 'GitHub';
    this.issuer = issuerText(issuer);
    this.groups = (options.groups ?? []).map((group) => group.toLowerCase());
    this.callbackPath = new URL(options.redirectUri).pathname;
    this.#configuration = configurationFor(issuer, options, timeoutMs);
    this.#api = new GitHubApi(issuer, timeoutMs);
  }

  async begin({ state, verifier, chooseAccount }: SignInFields): Promise<string> {
    return buildAuthorizationUrl(this.#configuration, {
      redirect_uri: this.#options.redirectUri,
      scope: this.#options.scopes,
      state,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(chooseAccount === 'yes' && { prompt: 'select_account' }),
    }).href;
  }

  async finish(callback: URL, checks: SignInChecks): Promise<Identity> {
    try {
      const { access_token: token, scope = '' } = await this.#exchange(
        responseUrl(this.#options.redirectUri, callback),
        checks,
      );
      // A visitor may have granted less than what was asked for.
      const hasGroups = scope.split(/[ ,]/).some((granted) => ORGANISATION_SCOPES.includes(granted));
      const account = await this.#api.account(token, { hasGroups });
      const identity = readGitHubIdentity(account, this.issuer);
      const { subject, groupsOmitted } = identity;
      if (groupsOmitted) this.#options.log.warn({ subject }, 'identity provider left groups out');
      return identity;
    } catch (error) {
      if (isSecretRefused(error)) this.#warn();
      throw translate(error);
    }
  }

  /** GitHub checks the client before the code: for an invalid code any other error is expected. */
  async check(): Promise<readonly string[]> {
    const checks = { state: 'check', verifier: 'check'.repeat(10) };
    const url = new URL(`${this.#options.redirectUri}?code=check&state=check`);
    try {
      await this.#exchange(url, checks);
      return [];
    } catch (error) {
      if (isSecretRefused(error)) return [SECRET_REFUSED];
      return error instanceof ResponseBodyError ? [] : [translate(error).message];
    }
  }

  /** GitHub has no sign-out that others can start. */
  async signOutUrl(): Promise<undefined> {}

  #exchange(url: URL, { state, verifier }: Pick<SignInChecks, 'state' | 'verifier'>) {
    return authorizationCodeGrant(this.#configuration, url, { expectedState: state, pkceCodeVerifier: verifier });
  }

  #warn(): void {
    this.#options.log.warn({ issuer: this.issuer, reason: SECRET_REFUSED }, 'identity provider refuses this edge');
  }
}

function configurationFor(issuer: URL, { clientId, clientSecret }: GitHubOptions, timeoutMs: number): Configuration {
  const at = (path: string) => issuerText(issuer).replace(/\/$/, '') + path;
  const configuration = new Configuration(
    {
      issuer: at('/login/oauth'), // `iss` of its authorization responses (RFC 9207), and no name of its accounts
      authorization_endpoint: at('/login/oauth/authorize'),
      token_endpoint: at('/login/oauth/access_token'),
    },
    clientId,
    {},
    ClientSecretPost(clientSecret),
  );
  configuration.timeout = timeoutMs / 1000;
  configuration[customFetch] = (url, options) => fetchToken(url, options as RequestInit);
  if (issuer.protocol === 'http:') allowInsecureRequests(configuration);
  return configuration;
}

// GitHub sends its token errors with status 200; RFC 6749 section 5.2 has 400.
async function fetchToken(url: string, options: RequestInit): Promise<Response> {
  const response = await fetchFromProvider(url, options);
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const isError = response.ok && typeof body === 'object' && body !== null && 'error' in body;
  return isError ? new Response(JSON.stringify(body), { status: 400, headers: response.headers }) : response;
}

function isSecretRefused(error: unknown): boolean {
  return error instanceof ResponseBodyError && error.error === SECRET_CODE;
}
