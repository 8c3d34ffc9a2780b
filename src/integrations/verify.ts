/**
 * Verifies who the visitor of a request is, for an app behind a tunnel: `X-Postern-Assertion` (RFC 7519, ES256) against the
 * keys that the edge publishes. Nothing else of a request is trusted, `X-Forwarded-*` least of all: whatever reaches the app
 * without the agent can write those.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { edgeOrigin } from '../config/addresses.js';
import { PosternError } from '../errors.js';

/** The visitor of a request, as the edge asserts it. */
export interface VisitorIdentity {
  /** The identity provider's permanent identifier of the account: what to keep accounts under, together with `provider`. */
  readonly subject: string;
  /** The issuer of the identity provider, within which `subject` is unique; absent from edges that knew one provider only. */
  readonly provider?: string;
  /** The verified address, in lower case. */
  readonly email: string;
  /** For display, never for a decision. */
  readonly username?: string;
  readonly groups: readonly string[];
  /** The origin of the tunnel that the visitor has opened. */
  readonly tunnel: string;
  /** When the assertion ends, which says nothing about the visitor's session. */
  readonly expiresAt: Date;
}

export interface VerifierOptions {
  /** The edge's origin, `https://tunnel.acme.com`: who signs. */
  readonly edge: string;
  /** The origin of the tunnel, `https://demo.tunnel.acme.com`, or those of several: whom an assertion must be for. */
  readonly tunnel: string | readonly string[];
  /** How far the clocks may differ beyond the half minute that every assertion leaves. Default: 5. */
  readonly clockToleranceSeconds?: number;
  /** Reads the edge's keys, through a proxy for instance. Default: the global `fetch`. */
  readonly fetch?: (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;
}

/** Anything that has headers: a Web `Request`, its `Headers`, a request of Node, Express or Fastify, or its `headers`. */
export type WithHeaders =
  | { readonly headers: HeaderSource }
  | { readonly get: (name: string) => string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

type HeaderSource =
  | { readonly get: (name: string) => string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Verifier {
  /**
   * The visitor of a request. Rejects with a `PosternError`: `ERR_ASSERTION_INVALID` (401) without a valid assertion,
   * `ERR_KEYS_UNAVAILABLE` (503) while the edge's keys cannot be read.
   */
  verify(request: WithHeaders): Promise<VisitorIdentity>;
  /** As `verify`, but undefined for a request that carries no assertion at all: one of a public path or tunnel. */
  verifyIfPresent(request: WithHeaders): Promise<VisitorIdentity | undefined>;
}

const HEADER = 'x-postern-assertion';
const KEYS_PATH = '/.postern/jwks.json';
const ALGORITHM = 'ES256';

const CLOCK_TOLERANCE_SECONDS = 5;

// Several times longer than an edge needs; the request of a visitor waits for it.
const FETCH_TIMEOUT_MS = 5_000;
// After each response, known key or not: who sends made-up key ids causes two requests a minute.
const COOLDOWN_MS = 30_000;
// A key that the operator has withdrawn counts no longer than this.
const KEYS_MAX_AGE_MS = 300_000;

/**
 * Creates a verifier; one for the whole app, since it caches the edge's keys. Throws `ERR_CONFIG_INVALID` for addresses that are
 * not origins.
 *
 * ```js
 * const verifier = createVerifier({ edge: 'https://tunnel.acme.com', tunnel: 'https://demo.tunnel.acme.com' });
 * const { email } = await verifier.verify(request);
 * ```
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const edge = readOrigin('edge', options.edge);
  const tunnels = [options.tunnel].flat().map((tunnel) => readOrigin('tunnel', tunnel));
  if (tunnels.length === 0) throw new PosternError('ERR_CONFIG_INVALID', 'tunnel: expected at least one origin.');
  const { clockToleranceSeconds: clockTolerance = CLOCK_TOLERANCE_SECONDS } = options;
  const keys = keysOf(edge, options.fetch);
  const checks = {
    algorithms: [ALGORITHM],
    typ: 'JWT',
    issuer: edge,
    audience: tunnels,
    requiredClaims: ['exp', 'sub', 'email'],
    clockTolerance,
  };
  const verifyText = async (text: string | undefined) => {
    if (text === undefined) throw invalid('the request carries no assertion');
    const { payload } = await jwtVerify(text, keys, checks).catch(translate);
    return readVisitor(payload);
  };
  return {
    verify: async (request) => verifyText(assertionOf(request)),
    verifyIfPresent: async (request) => {
      const text = assertionOf(request);
      return text === undefined ? undefined : verifyText(text);
    },
  };
}

function keysOf(edge: string, fetch: VerifierOptions['fetch']): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(KEYS_PATH, edge), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    ...(fetch !== undefined && { [customFetch]: fetch }),
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      // One of these is about the token; any other, that there are no keys to compare it with.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported) throw error;
      throw new PosternError('ERR_KEYS_UNAVAILABLE', `the keys of ${edge} cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
}

function translate(error: unknown): never {
  if (error instanceof PosternError) throw error;
  throw invalid(`the assertion is not valid: ${messageOf(error)}`, error);
}

// An edge signs what it has checked. Another type means that it is no edge: refused rather than guessed.
function readVisitor(payload: JWTPayload): VisitorIdentity {
  const { sub, idp: provider, email, preferred_username: username, groups = [], aud, exp } = payload;
  const isWhole =
    typeof sub === 'string' && sub !== '' && typeof email === 'string' && email !== '' && typeof aud === 'string';
  if (!isWhole || !isTexts(groups) || !isTextOrAbsent(username) || !isTextOrAbsent(provider))
    throw invalid('the claims of the assertion are not those of an edge');
  return {
    subject: sub,
    ...(provider !== undefined && { provider }),
    email,
    ...(username !== undefined && { username }),
    groups,
    tunnel: aud,
    expiresAt: new Date(Number(exp) * 1000),
  };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Undefined where the header is absent. Two of them count as one text with a comma, which is no assertion. */
function assertionOf(request: WithHeaders): string | undefined {
  const headers = hasHeaders(request) ? request.headers : request;
  const value = isGetter(headers) ? headers.get(HEADER) : headers[HEADER];
  return value === undefined || value === null ? undefined : String(value);
}

function hasHeaders(request: WithHeaders): request is { readonly headers: HeaderSource } {
  return 'headers' in request && typeof request.headers === 'object';
}

function isGetter(headers: HeaderSource): headers is { readonly get: (name: string) => string | null } {
  return typeof headers['get'] === 'function';
}

function readOrigin(name: string, text: string): string {
  const { value, problems } = edgeOrigin.read(String(text));
  if (value !== undefined && problems.length === 0) return value;
  throw new PosternError(
    'ERR_CONFIG_INVALID',
    `${name}: expected an https origin such as https://tunnel.acme.com (http on localhost only).`,
  );
}

function invalid(message: string, cause?: unknown): PosternError {
  return new PosternError('ERR_ASSERTION_INVALID', message, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
