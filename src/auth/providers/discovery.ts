/** Fetches the metadata of an issuer (OpenID Connect Discovery 1.0), and rejects metadata that cannot be used. */
import { allowInsecureRequests, type Configuration, customFetch, discovery, type ServerMetadata } from 'openid-client';
import { isEndpoint } from '../identity/issuer.js';
import { clockFinding } from './checks.js';
import type { ClientAuthentication } from './client-authentication.js';
import { invalidResponse } from './errors.js';
import { fetchFromProvider } from './fetch.js';
import { ProviderKeys } from './keys.js';

export interface Provider {
  readonly configuration: Configuration;
  readonly metadata: Readonly<ServerMetadata>;
  readonly keys: ProviderKeys;
  /** The finding about the clock of this machine, if there is one. */
  readonly clock: string | undefined;
}

export interface DiscoveryOptions {
  readonly clientId: string;
  /** Timeout of one response of the provider. Default: 10 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;
const OPTIONAL_ENDPOINTS = ['userinfo_endpoint', 'pushed_authorization_request_endpoint'] as const;

/** Fetches and checks the metadata. Throws `ERR_PROVIDER_UNAVAILABLE`, `ERR_LOGIN_FAILED`, or an error of the library. */
export async function discoverProvider(
  issuer: URL,
  { clientId, timeoutMs = TIMEOUT_MS }: DiscoveryOptions,
  authentication: ClientAuthentication,
): Promise<Provider> {
  let clock: string | undefined;
  const configuration = await discovery(issuer, clientId, {}, authentication.authenticate, {
    [customFetch]: async (url, options) => {
      const response = await fetchFromProvider(url, options as RequestInit);
      clock = clockFinding(response.headers.get('date'), Date.now());
      return response;
    },
    timeout: timeoutMs / 1000,
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
  });
  const metadata = configuration.serverMetadata();
  checkEndpoints(metadata, issuer);
  authentication.choose(metadata);
  const keys = new ProviderKeys(new URL(metadata.jwks_uri as string), timeoutMs); // checked above
  return { configuration, metadata, keys, clock };
}

function checkEndpoints(metadata: Readonly<ServerMetadata>, issuer: URL): void {
  const used = [...ENDPOINTS, ...OPTIONAL_ENDPOINTS.filter((endpoint) => metadata[endpoint] !== undefined)];
  const unusable = used.find((endpoint) => !isEndpoint(metadata[endpoint], issuer));
  if (unusable !== undefined) throw invalidResponse(`its metadata has no usable ${unusable}`);
  const { require_pushed_authorization_requests: isPushed, pushed_authorization_request_endpoint: push } = metadata;
  if (isPushed === true && push === undefined)
    throw invalidResponse('it requires pushed authorization requests (RFC 9126), and names no endpoint for them');
}
