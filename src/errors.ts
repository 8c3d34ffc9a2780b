/**
 * All errors of Postern: one class, one table. The code is the contract (in the `Postern-Error` header, JSON responses, logs
 * and refused offers); the sentence is the only text that a visitor sees. Internal details are in `message` and `cause`, and
 * only in logs.
 */

interface ErrorRow {
  /** HTTP status of a response that carries this code. */
  readonly status: number;
  /** Whether the same request may succeed later without any change. */
  readonly retryable: boolean;
  /** The sentence for visitors and agents. Never contains a value from a request. */
  readonly text: string;
}

const TABLE = {
  ERR_BAD_REQUEST: { status: 400, retryable: false, text: 'The request is malformed.' },
  ERR_LOGIN_FAILED: { status: 400, retryable: false, text: 'The sign-in could not be completed.' },
  ERR_LOGIN_REQUIRED: { status: 401, retryable: false, text: 'Sign in to open this tunnel.' },
  ERR_ACCESS_TOKEN_INVALID: {
    status: 401,
    retryable: false,
    text: 'The access token is not valid here: it may be of another tunnel, expired or revoked.',
  },
  ERR_ACCESS_DENIED: { status: 403, retryable: false, text: 'This account may not open this address.' },
  ERR_OUTSIDE_CEILING: {
    status: 403,
    retryable: false,
    text: 'The operator of this edge does not permit tunnels to let in this account.',
  },
  ERR_CROSS_SITE: {
    status: 403,
    retryable: false,
    text: 'A page of another origin caused this request. To permit it, start the agent with --allow-origin and that origin (--allow-frame for frames).',
  },
  ERR_NOT_FOUND: { status: 404, retryable: false, text: 'There is nothing at this address.' },
  ERR_TUNNEL_UNKNOWN: { status: 404, retryable: false, text: 'There is no tunnel at this address.' },
  ERR_READ_ONLY: {
    status: 405,
    retryable: false,
    text: 'This tunnel is read-only: its owner lets visitors look at the app, and change nothing.',
  },
  ERR_HTTPS_REQUIRED: {
    status: 403,
    retryable: false,
    text: 'This address takes such requests over https only. What was sent has travelled in clear text.',
  },
  ERR_METHOD_REFUSED: { status: 405, retryable: false, text: 'This method is not served here.' },
  ERR_REQUEST_TIMEOUT: { status: 408, retryable: true, text: 'The request took too long to arrive.' },
  ERR_LIMIT_REACHED: { status: 409, retryable: false, text: 'There are too many of these already.' },
  ERR_EXPECTATION_FAILED: { status: 417, retryable: false, text: 'The expectation of the request cannot be met.' },
  ERR_MISDIRECTED: { status: 421, retryable: false, text: 'This edge does not serve that host.' },
  ERR_RATE_LIMITED: { status: 429, retryable: true, text: 'Too many attempts from this address. Wait a minute.' },
  ERR_HEADERS_TOO_LARGE: {
    status: 431,
    retryable: false,
    text: 'The request headers are too large, most often because of cookies. Clear the cookies of this site.',
  },
  ERR_INTERNAL: { status: 500, retryable: true, text: 'The edge failed to answer.' },
  ERR_METHOD_UNKNOWN: { status: 501, retryable: false, text: 'This method is not known here.' },
  ERR_LINK_LOST: { status: 502, retryable: true, text: 'The connection to the app was lost.' },
  ERR_TARGET_REFUSED: {
    status: 502,
    retryable: true,
    text: 'The local server did not answer. Start it beside the agent, then reload.',
  },
  ERR_TARGET_PROTOCOL: {
    status: 502,
    retryable: false,
    text: 'The local server gave an answer that is not valid HTTP.',
  },
  ERR_LOOP_DETECTED: { status: 508, retryable: false, text: 'The request comes back to this edge again and again.' },
  ERR_TARGET_TLS: {
    status: 502,
    retryable: false,
    text: 'The agent and the local server do not agree on TLS: only one of them speaks it, or the certificate is not trusted.',
  },
  ERR_TUNNEL_BUSY: { status: 503, retryable: true, text: 'Too many requests run on this tunnel. Try again.' },
  ERR_TUNNEL_FULL: {
    status: 503,
    retryable: true,
    text: 'As many people as its owner wants at once are looking at this app. There is room once somebody leaves.',
  },
  ERR_TUNNEL_OFFLINE: { status: 503, retryable: true, text: 'The app at this address is not shared right now.' },
  ERR_AUDIT_UNAVAILABLE: {
    status: 503,
    retryable: true,
    text: 'The edge cannot record who comes in, and so lets nobody in. Its operator must look at it.',
  },
  ERR_STORE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    text: 'The edge cannot read or write what it has to remember. Try again.',
  },
  ERR_PROVIDER_UNAVAILABLE: { status: 503, retryable: true, text: 'The identity provider cannot be reached.' },
  ERR_TARGET_TIMEOUT: {
    status: 504,
    retryable: true,
    text: 'The local server did not answer in time. It may be stuck, or still starting.',
  },
  ERR_ASSERTION_INVALID: {
    status: 401,
    retryable: false,
    text: 'The request does not come through the tunnel, or what it says of its visitor cannot be verified.',
  },
  ERR_KEYS_UNAVAILABLE: { status: 503, retryable: true, text: 'The keys of the edge cannot be read right now.' },
  ERR_TOKEN_INVALID: {
    status: 401,
    retryable: false,
    text: 'The agent token is missing, expired or not of this edge.',
  },
  ERR_NAME_FORBIDDEN: { status: 403, retryable: false, text: 'The token does not permit this tunnel name.' },
  ERR_NAME_TAKEN: { status: 409, retryable: false, text: 'This tunnel name is taken.' },
  ERR_OFFER_INVALID: { status: 400, retryable: false, text: 'The offer of the agent is malformed.' },
  ERR_PROTOCOL_VERSION: { status: 426, retryable: false, text: 'The edge speaks another protocol version.' },
  ERR_EDGE_DRAINING: { status: 503, retryable: true, text: 'The edge is shutting down.' },
  ERR_EDGE_FULL: { status: 503, retryable: true, text: 'The edge has no room for another link.' },
  ERR_CONFIG_INVALID: { status: 500, retryable: false, text: 'The configuration is invalid.' },
} as const satisfies Record<string, ErrorRow>;

/** The codes of all errors. Stable across releases. */
export type ErrorCode = keyof typeof TABLE;

/** All of them. */
export const ERROR_CODES = Object.keys(TABLE) as readonly ErrorCode[]; // it has no other keys

export interface PosternErrorOptions {
  /** The error that this one translates. */
  readonly cause?: unknown;
  /** Replaces the code's sentence for visitors and agents. Must not contain internal details. */
  readonly text?: string;
}

/** An error with a code from the table. `message` is for logs, `text` for visitors and agents. */
export class PosternError extends Error {
  override readonly name = 'PosternError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly text: string;

  constructor(code: ErrorCode, message?: string, options: PosternErrorOptions = {}) {
    const row: ErrorRow = TABLE[code];
    super(message ?? row.text, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = row.status;
    this.retryable = row.retryable;
    this.text = options.text ?? row.text;
  }
}

/** Whether a value, for instance of a header, is one of our codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(TABLE, value);
}

/** Converts anything thrown: a `PosternError` is returned as it is, anything else becomes `ERR_INTERNAL` with its cause. */
export function asPosternError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown;
  return new PosternError('ERR_INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
