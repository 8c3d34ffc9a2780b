/** What is wrong with a Redis server, in one sentence for the operator: from the errors of its client and of Node. */
import type { RedisAddress } from './address.js';

export interface Problem {
  /** Ends a sentence that begins with "Redis at …". */
  readonly text: string;
  /** The configuration is wrong, here or there: no patience mends it. */
  readonly isPermanent: boolean;
}

/** How an error is known: by its code, as Node writes it, or else by its message. */
interface Row {
  readonly code?: RegExp;
  readonly message?: RegExp;
  readonly text: string;
}

const PERMANENT: readonly Row[] = [
  { message: /^(?:WRONGPASS|ERR invalid password)/, text: 'refuses the user or the password' },
  { message: /^ERR AUTH .* without any password/, text: 'has no password, but one was given' },
  { message: /^NOAUTH/, text: 'demands a password: expected redis://user:password@host' },
  { message: /^NOPERM/, text: 'does not permit a command: expected the ACL that docs/redis.md has' },
  { message: /^ERR (?:DB index|invalid DB index)/, text: 'has no database of that number' },
  {
    code: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    message: /wrong version number|packet length too long/,
    text: 'does not speak TLS there: expected redis://, or the port for TLS',
  },
  {
    code: /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/,
    message: /certificate required|handshake failure/,
    text: 'demands a certificate of its clients: expected the parameters cert and key',
  },
  { code: /^ERR_TLS_CERT_ALTNAME_INVALID$/, message: /altnames/, text: 'has a certificate for another name' },
  {
    code: /SELF_SIGNED|^UNABLE_TO|CERT_|^ERR_OSSL|PEM/,
    message: /self.signed|unable to (?:verify|get) |PEM routines/,
    text: 'has a certificate that is not trusted, or ours cannot be used: expected the parameter ca with its authority',
  },
];

const PASSING: readonly Row[] = [
  { message: /^OOM/, text: 'has no memory left' },
  { message: /^MISCONF/, text: 'cannot write to its disk, and takes no writes' },
  { message: /^NOREPLICAS/, text: 'has too few replicas, and takes no writes' },
  { message: /^LOADING|^BUSY/, text: 'is busy' },
  { message: /^(?:READONLY|UNBLOCKED|MASTERDOWN)/, text: 'is no primary any more' },
  { message: /max number of clients/, text: 'has no room for another client' },
  { code: /^ETIMEDOUT$/, message: /timed out|ETIMEDOUT/, text: 'does not respond in time' },
  { message: /sentinels are unreachable/, text: 'is not known to any sentinel that can be reached' },
];

/** The problem that an error is about. */
export function problemOf(error: unknown): Problem {
  const { code, message, syscall } = (error ?? {}) as Partial<Record<'code' | 'message' | 'syscall', unknown>>;
  // The message of a system call names a host or a path, whose letters mean nothing. TLS is one that fails so, too.
  const said = syscall === undefined || code === 'EPROTO' ? `${message}` : '';
  const rows = [...PERMANENT, ...PASSING];
  const known = rows.find((row) => row.code?.test(`${code}`)) ?? rows.find((row) => row.message?.test(said));
  if (known !== undefined) return { text: known.text, isPermanent: PERMANENT.includes(known) };
  const reason = typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? ` (${code})` : '';
  return { text: `cannot be reached${reason}`, isPermanent: false };
}

/** The problem of an error that translates one of the client's. */
export function causeOf(error: unknown): Problem | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause === undefined ? undefined : problemOf(cause);
}

// As the client says it of a command that was sent, of one that it would send again, and of one that it did not send.
const CLOSED = /^(?:Connection is closed\.|Reached the max retries per request limit|Stream isn't writeable)/;

/** What is wrong before a connection can be used. Redis closes one on which it does not understand the first bytes. */
export function openingProblemOf(error: unknown, tls: RedisAddress['tls']): Problem {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== 'ECONNRESET' && code !== 'EPIPE' && !CLOSED.test(`${message}`)) return problemOf(error);
  return { text: `closes the connection at once${guess(tls)}`, isPermanent: false };
}

// The alert that says why may be lost: it comes with the end of the connection.
function guess(tls: RedisAddress['tls']): string {
  if (tls === undefined) return ': it may expect TLS (rediss://)';
  return tls.cert === undefined ? ': it may demand a certificate of its clients (cert and key)' : '';
}
