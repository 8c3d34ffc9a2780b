/**
 * Values that are addresses: where to listen, the URLs of edge, provider and target, networks. Traffic that leaves this machine
 * must be https.
 */
import { isIP, isIPv6 } from 'node:net';
import { isEntra } from '../core/entra.js';
import { type BaseAddress, type HostHeader, isLoopback, readBaseAddress, readHost } from '../core/hostname.js';
import { MAX_MOUNTS, MOUNT_PATH_WORDS, parseMountPath } from '../http/mount-path.js';
import { nearest } from './text.js';
import { list, parsed, type Value } from './value.js';

/** Where a socket listens. */
export interface ListenAddress {
  /** An IP address or a host name, without brackets; `*` for every address, of IPv6 and IPv4, where that is permitted. */
  readonly host: string;
  /** Zero lets the system choose. */
  readonly port: number;
}

/** `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`. */
export const listenAddress: Value<ListenAddress> = parsed(
  (text) => readListenAddress(text, 'one-address'),
  'a listen address: expected host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080',
);

/** Host and port; undefined when they are not both there. */
export function readListenAddress(text: string, permitted: 'one-address' | 'any-address'): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return undefined;
  const host = (match[1] ?? match[2]) as string;
  const isValid = match[1] === undefined ? isHost(host) || (host === '*' && permitted === 'any-address') : isIPv6(host);
  return isValid ? { host, port: Number(match[3]) } : undefined;
}

/** `host:port` as it is written in an option. */
export function addressText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The public address of an edge: https, or http on this machine. */
export const baseAddress: Value<BaseAddress> = parsed((text) => {
  const base = isVisibleAscii(text) ? readBaseAddress(text) : undefined;
  return base !== undefined && base.port > 0 && base.host.length <= 189 ? base : undefined; // 253 less a name and its dot
}, 'a base URL: expected scheme, DNS name and possibly a port, such as https://tunnel.acme.com').refine(
  ({ scheme, host }) => scheme === 'https' || isLoopback(host),
  'http is for localhost only: expected the https URL that visitors use, also when another program in front ends TLS',
);

/** The issuer of an identity provider, byte for byte, since it is compared with `iss`. */
export const issuer: Value<string> = parsed((text) => {
  const url = readUrl(text);
  return url !== undefined && url.search === '' && url.hash === '' ? text : undefined;
}, 'an issuer: expected a URL such as https://accounts.google.com').refine(
  isSafeUrl,
  'http is for a provider on localhost only: expected an https URL',
);

// The one organisation of an issuer of Microsoft Entra.
const TENANT = /^\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\/|$)/i;

/**
 * Whether anyone may have an account at this issuer, or put any address into one: Google, and Microsoft Entra for all
 * organisations.
 */
export function isOpenToAll(address: string): boolean {
  const { hostname, pathname } = new URL(address);
  if (hostname === 'accounts.google.com') return true;
  return isEntra(hostname) && !TENANT.test(pathname);
}

/** The origin of an edge as the agent dials it. */
export const edgeOrigin: Value<string> = parsed((text) => {
  const url = readUrl(text);
  return url !== undefined && isOrigin(url) ? url.origin : undefined;
}, 'the URL of an edge: expected scheme and host, such as https://tunnel.acme.com').refine(
  isSafeUrl,
  'http is for an edge on localhost only, the token would travel in the clear: expected an https URL',
);

/** A target: `5173`, `localhost:5173`, a URL without a path, or the path of a socket behind `unix:`. */
export const target: Value<URL> = parsed((text) => {
  const port = /^\d{1,5}$/.test(text);
  const bare = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(text);
  if (text.startsWith('unix:')) return readSocket(text);
  const url = readUrl(port ? `http://localhost:${text}` : bare ? `http://${text}` : text);
  return url !== undefined && isOrigin(url) ? url : undefined;
}, 'a target: expected a port from 1 to 65535, a URL without a path or a socket, such as 5173, http://localhost:5173 or unix:/run/app.sock');

/** Another server than the target, for a path of a tunnel and what is below it. */
export interface Mount {
  readonly path: string;
  readonly target: URL;
}

/** `/api=8080`, separated by commas. */
export const mounts: Value<Mount[]> = list(
  parsed(readMount, `a mount: expected a path and a target, such as /api=8080; the path is ${MOUNT_PATH_WORDS}`),
)
  .refine(
    (all) => new Set(all.map(({ path }) => path)).size === all.length,
    'a path is there twice: expected one server',
  )
  .refine((all) => all.length <= MAX_MOUNTS, `there are too many: expected at most ${MAX_MOUNTS}`);

function readMount(text: string): Mount | undefined {
  const [, at = '', server = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const path = parseMountPath(at.trim());
  const { value, problems } = target.read(server.trim());
  return path === undefined || value === undefined || problems.length > 0 ? undefined : { path, target: value };
}

/** Addresses and networks. */
export const networks: Value<string[]> = list(
  parsed(
    (text) => (isNetwork(text) ? text : undefined),
    'an address: expected IP addresses or networks such as 10.0.0.0/8, separated by commas',
  ),
);

/** `rewrite`, `preserve` or a host. */
export const hostHeader: Value<HostHeader> = parsed((text) => {
  if (text === 'rewrite' || text === 'preserve') return text;
  const mistyped = nearest(text, ['rewrite', 'preserve']) !== undefined;
  return !mistyped && readHost([text]) !== undefined ? { literal: text } : undefined;
}, 'a way to set Host: expected rewrite, preserve or a host such as app.test:3000');

function isSafeUrl(text: string): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

function readUrl(text: string): URL | undefined {
  if (!isVisibleAscii(text) || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username === '' && url.password === '' && url.port !== '0' ? url : undefined;
}

// The path within a URL: only characters with a meaning in URLs are encoded.
function readSocket(text: string): URL | undefined {
  const path = text.slice('unix:'.length);
  if (path === '' || path.startsWith('//') || path.includes('\0')) return undefined;
  return new URL(`unix:${path.split('/').map(encodeURIComponent).join('/')}`);
}

function isOrigin(url: URL): boolean {
  return url.pathname === '/' && url.search === '' && url.hash === '';
}

// The URL parser drops tabs and line ends and maps other scripts: an address must be exactly what it looks like.
function isVisibleAscii(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text) && !text.includes('\\');
}

function isHost(text: string): boolean {
  return isIP(text) !== 0 || (/^[a-z0-9.-]+$/i.test(text) && !/(?:^|\.)\d*$/.test(text));
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0 || isIP(address) === 0 || address.includes('%')) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIPv6(address) ? 128 : 32);
}
