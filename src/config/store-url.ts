/** Where the shared store is: the value of `POSTERN_STORE_URL`, which may hold a password and is never quoted. */
import { isIP } from 'node:net';
import { Value } from './value.js';

/** A host and its port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The primary of sentinels, who know where it is. */
export interface SentinelUrl {
  readonly kind: 'sentinel';
  readonly sentinels: readonly HostPort[];
  /** What they call the primary. */
  readonly primary: string;
  /** For the sentinels themselves. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** Paths of PEM files; each may be absent. */
export interface StoreTls {
  /** The authorities that count instead of the system's. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export interface StoreUrl {
  readonly at: ({ readonly kind: 'tcp' } & HostPort) | { readonly kind: 'unix'; readonly path: string } | SentinelUrl;
  /** Undefined: in clear text. */
  readonly tls: StoreTls | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The number of the database. */
  readonly database: number;
  /** What all keys begin with. */
  readonly prefix: string;
}

const EXPECTED =
  'expected redis://user:password@host:6379, rediss:// for TLS, redis+unix:///path/redis.sock, or redis+sentinel://host1,host2/name';
const PARAMETERS = ['ca', 'cert', 'key', 'prefix', 'sentinel_user', 'sentinel_password'] as const;
const PORTS = { tcp: 6_379, sentinel: 26_379 };
const MAX_DATABASE = 9_999;

type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

/** A problem, as the end of a sentence that begins with the option's name. */
class Problem extends Error {}

/** The URL of a Redis server. */
export const storeUrl: Value<StoreUrl> = new Value((text) => {
  try {
    return { value: read(text), problems: [] };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { value: undefined, problems: [error.message] };
  }
});

// By hand: a URL of the WHATWG has neither several hosts nor a user in front of a path.
function read(text: string): StoreUrl {
  const parts =
    /^(redis|rediss|redis\+unix|redis\+sentinel|rediss\+sentinel):\/\/(?:([^@/?#]*)@)?([^/?#@]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(
      text,
    );
  if (parts === null) throw new Problem(`it is not the URL of a store: ${EXPECTED}`);
  const [, scheme = '', login = '', authority = '', path = '', query = ''] = parts;
  const parameters = readParameters(query);
  const isUnix = scheme === 'redis+unix';
  const { at, rest } = isUnix
    ? { at: readSocket(authority, path), rest: query }
    : scheme.endsWith('sentinel')
      ? readSentinels(authority, path, parameters)
      : { at: { kind: 'tcp', ...readHost(authority, PORTS.tcp) } as const, rest: path.slice(1) };
  const database = isUnix ? 0 : readDatabase(rest);
  return { at, tls: readTls(scheme, parameters), ...readLogin(login), database, prefix: readPrefix(parameters) };
}

function readLogin(login: string): Pick<StoreUrl, 'user' | 'password'> {
  const colon = login.indexOf(':');
  const user = decode(colon < 0 ? login : login.slice(0, colon));
  const password = colon < 0 ? '' : decode(login.slice(colon + 1));
  if (user !== '' && password === '')
    throw new Problem('a user needs a password: expected redis://user:password@host, or redis://:password@host');
  return { user: user === '' ? undefined : user, password: password === '' ? undefined : password };
}

function readHost(text: string, defaultPort: number): HostPort {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = digits === undefined ? defaultPort : Number(digits);
  const isHost = bracketed === undefined ? /^[\w.-]+$/.test(host) : isIP(host) === 6;
  if (!isHost || port < 1 || port > 65_535) throw new Problem(`its host or port cannot be one: ${EXPECTED}`);
  return { host, port };
}

function readSocket(authority: string, path: string): StoreUrl['at'] {
  const decoded = decode(path);
  if ((authority !== '' && authority !== 'localhost') || decoded.length < 2)
    throw new Problem('a socket has an absolute path: expected redis+unix:///run/redis/redis.sock');
  return { kind: 'unix', path: decoded };
}

function readSentinels(authority: string, path: string, parameters: Parameters) {
  const [, primary = '', rest = ''] = /^\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
  if (primary === '')
    throw new Problem('the sentinels do not say of which primary: expected redis+sentinel://host1,host2/name');
  const sentinels = authority.split(',').map((one) => readHost(one, PORTS.sentinel));
  const { sentinel_user: user, sentinel_password: password } = parameters;
  const at: SentinelUrl = { kind: 'sentinel', sentinels, primary: decode(primary), user, password };
  return { at, rest };
}

function readDatabase(text: string): number {
  if (text === '') return 0;
  const database = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(database <= MAX_DATABASE))
    throw new Problem('its path is not the number of a database: expected one such as /0');
  return database;
}

function readTls(scheme: string, { ca, cert, key }: Parameters): StoreTls | undefined {
  if ((cert === undefined) !== (key === undefined))
    throw new Problem('cert and key belong together: expected both, or neither');
  if (scheme.startsWith('rediss')) return { ca, cert, key };
  if (ca !== undefined || cert !== undefined)
    throw new Problem('certificates are for TLS: expected rediss:// or rediss+sentinel://');
  return undefined;
}

function readPrefix({ prefix = 'postern' }: Parameters): string {
  if (!/^[\w-]{1,64}$/.test(prefix))
    throw new Problem('its prefix is not one: expected 1 to 64 letters, digits, _ or -');
  return prefix;
}

function readParameters(query: string): Parameters {
  const found: Parameters = {};
  for (const part of query === '' ? [] : query.split('&')) {
    const [name = '', value = ''] = part.split(/=(.*)/s);
    const known = PARAMETERS.find((one) => one === name);
    if (known === undefined || value === '' || found[known] !== undefined)
      throw new Problem(`it has a parameter that means nothing: expected ${PARAMETERS.join(', ')}, each once`);
    found[known] = decode(value);
  }
  for (const path of [found.ca, found.cert, found.key])
    if (path !== undefined && !path.startsWith('/'))
      throw new Problem('a file has no absolute path: expected one such as ca=/etc/postern/redis-ca.pem');
  return found;
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!/[\0\r\n]/.test(decoded)) return decoded;
  } catch {
    // as below
  }
  throw new Problem('its percent-encoding is broken: expected %40 for @ and %2F for / in a password');
}
