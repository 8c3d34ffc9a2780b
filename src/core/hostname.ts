/**
 * Hosts and tunnel names: which host a request names, and whether it is the base host, a tunnel's or neither. A tunnel's
 * host has exactly one label before the base host. Ports are never compared.
 */
import { isIP } from 'node:net';

/** The public address of an edge, read from `POSTERN_URL`. */
export interface BaseAddress {
  readonly scheme: 'http' | 'https';
  /** Lower-case host without port, `tunnel.acme.com`. */
  readonly host: string;
  /** The port as visitors see it, the scheme's default included. */
  readonly port: number;
  /** Scheme, host and a port that is not the default: `https://tunnel.acme.com`. */
  readonly origin: string;
}

/** What a host is at one edge. */
export type HostKind =
  | { readonly kind: 'base' }
  | { readonly kind: 'tunnel'; readonly name: string }
  /** `isBelow`: below the base host, where only this edge could serve it. */
  | { readonly kind: 'unknown'; readonly isBelow?: true };

/** What the agent does with `Host` on the way to the target: the target's own, the public one, or a fixed text. */
export type HostHeader = 'rewrite' | 'preserve' | { readonly literal: string };

// RFC 9110 section 7.2 with the grammar of DNS names only: no userinfo, no IPv6 literal, no percent-encoding.
const HOST = /^([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,30})\.?(?::(\d{1,5}))?$/i;

// An RFC 1035 label, but not with hyphens in the third and fourth position: `xn--` would make it an A-label (RFC 5890).
const NAME = /^(?![a-z0-9]{2}--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const RESERVED_NAMES = new Set(['www', 'auth', 'admin', 'login', 'oauth2', 'postern', 'edge', 'mail', 'localhost']);

/** Whether a string may be the name of a tunnel: a lower-case DNS label that is neither an A-label nor reserved. */
export function isTunnelName(name: string): boolean {
  return NAME.test(name) && !RESERVED_NAMES.has(name);
}

/** Reads a base URL; undefined unless it is http(s) with a DNS host and nothing after it. */
export function readBaseAddress(text: string): BaseAddress | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const scheme = url.protocol === 'https:' ? 'https' : url.protocol === 'http:' ? 'http' : undefined;
  if (scheme === undefined || url.username || url.password || url.search || url.hash || url.pathname !== '/')
    return undefined;
  if (isIP(url.hostname) !== 0 || url.hostname.endsWith('.') || !HOST.test(url.hostname)) return undefined;
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { scheme, host: url.hostname, port, origin: url.origin };
}

/** An origin as browsers send it in `Origin`: http(s), lower-case, no default port, no path; undefined for other texts. */
export function readOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && text.toLowerCase() === origin ? origin : undefined;
}

/** Whether a host, as `URL.hostname` spells it, can only be this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}

/** The origin that visitors of a tunnel see, `https://demo.tunnel.acme.com`. */
export function tunnelOrigin(base: BaseAddress, name: string): string {
  return `${base.scheme}://${name}.${base.origin.slice(base.scheme.length + 3)}`;
}

/** The host of a tunnel without port, `demo.tunnel.acme.com`. */
export function tunnelHost(base: BaseAddress, name: string): string {
  return `${name}.${base.host}`;
}

/**
 * The canonical host of a request (lower-case, no port, no trailing dot) from the values of its `Host` lines; undefined
 * unless there is exactly one (RFC 9112 section 3.2), a DNS name with an optional port.
 */
export function readHost(lines: readonly string[]): string | undefined {
  const match = lines.length === 1 ? HOST.exec(lines[0] as string) : null;
  if (match === null || Number(match[2] ?? 0) > 65_535) return undefined;
  return (match[1] as string).toLowerCase();
}

/** Classifies a canonical host. */
export function classifyHost(host: string, base: BaseAddress): HostKind {
  if (host === base.host) return { kind: 'base' };
  const cut = host.length - base.host.length - 1;
  if (cut < 1 || host[cut] !== '.' || !host.endsWith(base.host)) return { kind: 'unknown' };
  const name = host.slice(0, cut);
  return isTunnelName(name) ? { kind: 'tunnel', name } : { kind: 'unknown', isBelow: true };
}
