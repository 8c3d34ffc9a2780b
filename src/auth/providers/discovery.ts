/** Fetches the metadata of an issuer (OpenID Connect Discovery 1.0), and rejects metadata that cannot be used. */
import {
  allowInsecureRequests,
  ClientError,
  type Configuration,
  customFetch,
  discovery,
  type ServerMetadata,
} from 'openid-client';
import { onOneLine } from '../../core/plain-text.js';
import { isEndpoint } from '../identity/issuer.js';
import { clockFinding } from './checks.js';
import type { ClientAuthentication } from './client-authentication.js';
import { invalidResponse } from './errors.js';
import { fetchFromProvider } from './fetch.js';
import { ALGORITHMS, ProviderKeys } from './keys.js';

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
const MAX_ISSUER_CHARS = 200;
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;
const OPTIONAL_ENDPOINTS = ['userinfo_endpoint', 'pushed_authorization_request_endpoint'] as const;

/** Fetches and checks the metadata. Throws `ERR_PROVIDER_UNAVAILABLE`, `ERR_LOGIN_FAILED`, or an error of the library. */
export async function discoverProvider(
  issuer: URL,
  { clientId, timeoutMs = TIMEOUT_MS }: DiscoveryOptions,
  authentication: ClientAuthentication,
): Promise<Provider> {
  let clock: string | undefined;
  let announced = '';
  let isDiscovering = true;
  const configuration = await discovery(issuer, clientId, {}, authentication.authenticate, {
    [customFetch]: async (url, options) => {
      const response = await fetchFromProvider(url, options as RequestInit);
      clock = clockFinding(response.headers.get('date'), Date.now());
      if (isDiscovering) announced = await announcedIssuer(response.clone(), url); // later requests come here too
      return response;
    },
    timeout: timeoutMs / 1000,
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
  }).catch((error: unknown) => {
    throw isOfAnother(error)
      ? invalidResponse(`its metadata names the issuer ${announced}: expected that spelling`)
      : error;
  });
  isDiscovering = false;
  const metadata = configuration.serverMetadata();
  checkEndpoints(metadata, issuer);
  checkFlow(metadata);
  authentication.choose(metadata);
  const keys = new ProviderKeys(new URL(metadata.jwks_uri as string), timeoutMs); // checked above
  return { configuration, metadata, keys, clock };
}

/** The issuer that a response names. Throws `ERR_LOGIN_FAILED` for what is no metadata, which the libraries call by other names. */
async function announcedIssuer(response: Response, url: string): Promise<string> {
  if (response.status !== 200) throw invalidResponse(`${url} has status ${response.status}: look at the issuer`);
  const metadata: unknown = await response.json().catch(() => undefined);
  const issuer =
    typeof metadata === 'object' && metadata !== null && 'issuer' in metadata ? metadata.issuer : undefined;
  if (typeof issuer === 'string') return onOneLine(issuer, MAX_ISSUER_CHARS);
  throw invalidResponse(`${url} is no metadata of OpenID Connect: look at the issuer`);
}

function isOfAnother(error: unknown): boolean {
  return error instanceof ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';
}

function checkEndpoints(metadata: Readonly<ServerMetadata>, issuer: URL): void {
  const used = [...ENDPOINTS, ...OPTIONAL_ENDPOINTS.filter((endpoint) => metadata[endpoint] !== undefined)];
  const unusable = used.find((endpoint) => !isEndpoint(metadata[endpoint], issuer));
  if (unusable !== undefined) throw invalidResponse(`its metadata has no usable ${unusable}`);
  const { require_pushed_authorization_requests: isPushed, pushed_authorization_request_endpoint: push } = metadata;
  if (isPushed === true && push === undefined)
    throw invalidResponse('it requires pushed authorization requests (RFC 9126), and names no endpoint for them');
}

/** Whether the flow can end well. What the metadata leaves out is supposed to be there. */
function checkFlow({
  response_types_supported: types,
  id_token_signing_alg_values_supported: signatures,
}: Readonly<ServerMetadata>): void {
  if (Array.isArray(types) && !types.includes('code'))
    throw invalidResponse('it has no authorization code flow: its metadata does not name the response type code');
  if (Array.isArray(signatures) && !signatures.some((name) => ALGORITHMS.includes(name)))
    throw invalidResponse('it signs ID tokens in no way that proves who did, such as RS256 or ES256');
}
