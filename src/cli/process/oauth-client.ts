/**
 * The command as an OAuth client of an edge: authorization code with PKCE, device authorization, refresh, revocation. Owns
 * `openid-client` in this room.
 */
import { hostname, userInfo } from 'node:os';
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  type DeviceAuthorizationResponse,
  initiateDeviceAuthorization,
  None,
  pollDeviceAuthorizationGrant,
  ResponseBodyError,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  type ServerMetadata,
  type TokenEndpointResponse,
  tokenRevocation,
} from 'openid-client';
import { readRefusal } from '../../link/handshake.js';
import { type Credential, isCredential } from './credentials.js';
import { fetchEdge } from './edge-fetch.js';
import { CommandError, EXIT } from './exit.js';

const CLIENT_ID = 'postern';
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'device_authorization_endpoint',
  'revocation_endpoint',
] as const;

const NO_AGENTS = 'No agent can sign in here: the operator of this edge has not set POSTERN_AGENTS.';

/** The edge, or the person at its page, has refused: trying again changes nothing. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
}

/** An authorization request that waits for its response at `redirectUri`. */
export interface BrowserSignIn {
  /** For the browser of the person. */
  readonly url: string;
  /** Whether a response is one to this request: anyone on the machine can send others. */
  isResponse(response: URL): boolean;
  /** Exchanges the response. Rejects with `SignInRefused`. */
  finish(response: URL): Promise<Credential>;
}

export class OAuthClient {
  readonly #configuration: Configuration;

  private constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  /** Reads the metadata of an edge (RFC 8414). Rejects with a `CommandError` when there are none that can be used. */
  static async open(edge: string): Promise<OAuthClient> {
    const configuration = new Configuration(await readMetadata(edge), CLIENT_ID, undefined, None());
    configuration[customFetch] = (url, options) => fetchEdge(url, options);
    if (edge.startsWith('http:')) allowInsecureRequests(configuration); // on loopback only: `edgeOrigin` accepts no other
    return new OAuthClient(configuration);
  }

  async startInBrowser(redirectUri: string): Promise<BrowserSignIn> {
    const verifier = randomPKCECodeVerifier();
    const state = randomState();
    const url = buildAuthorizationUrl(this.#configuration, {
      redirect_uri: redirectUri,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...machine(),
    });
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    return {
      url: url.href,
      isResponse: ({ searchParams }) => searchParams.getAll('state').join() === state,
      finish: (response) => this.#credential(authorizationCodeGrant(this.#configuration, response, checks)),
    };
  }

  startOnDevice(): Promise<DeviceAuthorizationResponse> {
    return translated(initiateDeviceAuthorization(this.#configuration, machine()));
  }

  /** Waits for the person's decision. Rejects with `SignInRefused`. */
  finishOnDevice(device: DeviceAuthorizationResponse): Promise<Credential> {
    return this.#credential(pollDeviceAuthorizationGrant(this.#configuration, device));
  }

  /** Exchanges the refresh token of a credential for the next pair. Rejects with `SignInRefused`. */
  refresh({ refreshToken }: Credential): Promise<Credential> {
    return this.#credential(refreshTokenGrant(this.#configuration, refreshToken));
  }

  async revoke({ refreshToken }: Credential): Promise<void> {
    await translated(tokenRevocation(this.#configuration, refreshToken));
  }

  async #credential(granted: Promise<TokenEndpointResponse>): Promise<Credential> {
    const {
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: seconds,
      owner,
    } = await translated(granted);
    const issuedAtMs = Date.now();
    const expiresAtMs = issuedAtMs + Number(seconds) * 1000;
    const credential = { owner, accessToken, refreshToken, issuedAtMs, expiresAtMs };
    if (isCredential(credential)) return credential;
    throw new CommandError('the edge gave tokens of another kind: install the version of Postern that it runs.');
  }
}

async function readMetadata(edge: string): Promise<ServerMetadata> {
  const response = await fetchEdge(`${edge}/.well-known/oauth-authorization-server`).catch((error: Error) => {
    throw new CommandError(`${edge} cannot be reached: ${error.message}.`, EXIT.failure, { cause: error });
  });
  const text = await response.text();
  if (response.status !== 200) throw new CommandError(readRefusal(response.status, text).text, EXIT.refused);
  const metadata = parse(text);
  const isOwn = (address: unknown) => typeof address === 'string' && address.startsWith(`${edge}/`);
  const isForOthers = metadata?.issuer === edge && metadata.device_authorization_endpoint === undefined;
  if (isForOthers) throw new CommandError(NO_AGENTS, EXIT.refused);
  if (metadata?.issuer === edge && ENDPOINTS.every((name) => isOwn(metadata[name]))) return metadata;
  const remedy = 'look at the address: it must be that of the edge itself, as its operator wrote it in POSTERN_URL';
  throw new CommandError(`${edge} is no edge that agents can sign in at: ${remedy}.`, EXIT.refused);
}

function parse(text: string): ServerMetadata | undefined {
  try {
    return JSON.parse(text) as ServerMetadata;
  } catch {
    return undefined; // another server
  }
}

/** Shown on the page where the person decides. */
function machine(): { machine: string; user: string } {
  return { machine: hostname().slice(0, 100), user: userName().slice(0, 100) };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return ''; // a container may run as a user without a name
  }
}

async function translated<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    const isFinal =
      error instanceof AuthorizationResponseError || (error instanceof ResponseBodyError && error.status < 429);
    if (isFinal) throw new SignInRefused(error.error_description ?? error.error, { cause: error });
    throw error;
  }
}
