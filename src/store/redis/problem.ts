/** What is wrong with a Redis server, in one sentence for the operator: from the errors of its client and of Node. */
import { PosternError } from '../../errors.js';

export interface Problem {
  /** Ends a sentence that begins with "Redis at …". */
  readonly text: string;
  /** The configuration is wrong, here or there: no patience mends it. */
  readonly isPermanent: boolean;
}

const PERMANENT: readonly (readonly [RegExp, string])[] = [
  [/^(?:WRONGPASS|ERR invalid password)/, 'refuses the user or the password'],
  [/^ERR AUTH .* without any password/, 'has no password, but one was given'],
  [/^NOAUTH/, 'demands a password: expected redis://user:password@host'],
  [/^NOPERM/, 'does not permit a command: expected the ACL that docs/redis.md has'],
  [/^WRONGTYPE/, 'has something else where Postern keeps its entries: nothing else may write below its prefix'],
  [/^ERR (?:DB index|invalid DB index)/, 'has no database of that number'],
  [
    /WRONG_VERSION_NUMBER|wrong version number|packet length too long/i,
    'does not speak TLS there: expected redis://, or the port for TLS',
  ],
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|certificate required|handshake failure/i,
    'demands a certificate of its clients: expected the parameters cert and key',
  ],
  [/ERR_TLS_CERT_ALTNAME_INVALID|altnames/, 'has a certificate for another name'],
  [
    /SELF_SIGNED|UNABLE_TO|CERT_|ERR_OSSL|PEM|self.signed|unable to verify/i,
    'has a certificate that is not trusted, or ours cannot be used: expected the parameter ca with its authority',
  ],
];

const PASSING: readonly (readonly [RegExp, string])[] = [
  [/^OOM/, 'has no memory left'],
  [/^MISCONF/, 'cannot write to its disk, and takes no writes'],
  [/^NOREPLICAS/, 'has too few replicas, and takes no writes'],
  [/^LOADING|^BUSY/, 'is busy'],
  [/^(?:READONLY|UNBLOCKED|MASTERDOWN)/, 'is no primary any more'],
  [/max number of clients/, 'has no room for another client'],
  [/timed out|ETIMEDOUT/, 'does not respond in time'],
  [/sentinels are unreachable/, 'is not known to any sentinel that can be reached'],
];

/** The problem that an error is about. */
export function problemOf(error: unknown): Problem {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const text = `${message}`;
  const known = (rows: typeof PERMANENT) =>
    rows.find(([pattern]) => pattern.test(text) || pattern.test(`${code}`))?.[1];
  const permanent = known(PERMANENT);
  if (permanent !== undefined) return { text: permanent, isPermanent: true };
  const passing = known(PASSING);
  if (passing !== undefined) return { text: passing, isPermanent: false };
  const refusal =
    error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]{2,20}(?= )/.exec(text)?.[0] : undefined;
  if (refusal !== undefined) return { text: `refuses a command (${refusal})`, isPermanent: false };
  const reason = typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? ` (${code})` : '';
  return { text: `cannot be reached${reason}`, isPermanent: false };
}

/** The problem of an error that translates one of the client's. */
export function causeOf(error: unknown): Problem | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause === undefined ? undefined : problemOf(cause);
}

/** What is wrong when a kind of entries cannot be read over a connection that works. */
export function readingProblemOf(error: unknown): Problem {
  const said =
    error instanceof PosternError ? error.message.replace(/^Redis /, '') : 'has replied with what no store has written';
  return causeOf(error) ?? { text: said, isPermanent: false };
}

/** What is wrong before a connection can be used. Redis closes one on which it does not understand the first bytes. */
export function openingProblemOf(error: unknown, isTls: boolean): Problem {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== 'ECONNRESET' && code !== 'EPIPE' && message !== 'Connection is closed.') return problemOf(error);
  const text = isTls ? 'closes the connection at once' : 'closes the connection at once: it may expect TLS (rediss://)';
  return { text, isPermanent: false };
}
