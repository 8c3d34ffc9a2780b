/**
 * The address of an agent's one target, and the names by which the target may refer to itself. The address is fixed when the
 * agent starts: nothing that arrives on a link can change it.
 */
import { isIP } from 'node:net';
import type { HostHeader } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { ProcessServer } from './process-server.js';

/** The target as the agent knows it. */
export interface TargetAddress {
  readonly scheme: 'http' | 'https';
  /** Lower-case host without brackets and port. */
  readonly hostname: string;
  readonly port: number;
  /** Host, and the port unless it is the scheme's default, as in a URL. */
  readonly host: string;
  readonly loopback: boolean;
  /** Host and port, or the socket, for messages. */
  readonly displayName: string;
  /** A unix socket to connect to instead of host and port. */
  readonly socketPath?: string;
  /** A server of this process to connect to instead. */
  readonly server?: ProcessServer;
  /** Whether its certificate must be valid. */
  readonly isVerified: boolean;
  /** The trusted issuers of its certificate, as PEM, instead of the well-known ones. */
  readonly ca?: string;
  readonly hostHeader: HostHeader;
  /** The other servers of the same tunnel: a URL that names one of them leads to the tunnel, too. */
  readonly neighbours?: readonly TargetAddress[];
}

const LITERAL = /^[a-z0-9._-]{1,253}(?::\d{1,5})?$/i;
// How a server on this machine may call itself, the unspecified addresses that it may listen on among them.
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|::1?|0\.0\.0\.0)$/;
// RFC 6761 section 6.3, with the dot that ends a full name.
const LOCALHOST = /^(?:[^.]+\.)*localhost\.?$/;

/** Which certificates of a target are trusted. By default: every certificate on loopback, elsewhere those of well-known issuers. */
export interface TargetTrust {
  readonly ca?: string | undefined;
  readonly insecure?: boolean | undefined;
}

/** Reads the target. Throws `ERR_CONFIG_INVALID` unless it is a plain http(s) origin and a literal host is a host. */
export function readTargetAddress(url: URL, hostHeader: HostHeader, trust: TargetTrust = {}): TargetAddress {
  if (url.protocol === 'unix:') return readSocketAddress(url, hostHeader);
  const scheme = url.protocol === 'http:' ? 'http' : url.protocol === 'https:' ? 'https' : undefined;
  if (scheme === undefined || url.username || url.password || url.pathname !== '/' || url.search || url.hash) {
    throw new PosternError('ERR_CONFIG_INVALID', 'The target must be an http or https URL without a path.');
  }
  checkHostHeader(hostHeader);
  const hostname = bareHost(url.hostname);
  const port = portOf(url);
  const loopback = isLocalHost(hostname) || isLocalhostName(hostname);
  const displayName = url.port === '' ? `${url.host}:${port}` : url.host;
  const isVerified = trust.insecure !== true && (trust.ca !== undefined || !loopback);
  const { ca } = trust;
  const address = { scheme, hostname, port, host: url.host, loopback, displayName, isVerified, hostHeader } as const;
  return ca === undefined ? address : { ...address, ca };
}

// What HTTP sees of a target without an address: localhost on the default port.
const WITHOUT_ADDRESS = { scheme: 'http', hostname: 'localhost', port: 80, host: 'localhost', loopback: true } as const;

/** The address of a server of this process. Throws `ERR_CONFIG_INVALID` unless a literal host is a host. */
export function serverAddress(server: ProcessServer, hostHeader: HostHeader): TargetAddress {
  checkHostHeader(hostHeader);
  return { ...WITHOUT_ADDRESS, displayName: 'the server of this program', server, isVerified: false, hostHeader };
}

function readSocketAddress(url: URL, hostHeader: HostHeader): TargetAddress {
  const socketPath = decodeURIComponent(url.pathname);
  if (socketPath === '' || url.host !== '' || url.search !== '' || url.hash !== '') {
    throw new PosternError(
      'ERR_CONFIG_INVALID',
      'The target must be the path of a socket, such as unix:/run/app.sock.',
    );
  }
  checkHostHeader(hostHeader);
  return { ...WITHOUT_ADDRESS, displayName: `unix:${socketPath}`, socketPath, isVerified: false, hostHeader };
}

function checkHostHeader(hostHeader: HostHeader): void {
  if (typeof hostHeader !== 'object' || isHostText(hostHeader.literal)) return;
  throw new PosternError('ERR_CONFIG_INVALID', 'The host header must be "rewrite", "preserve" or a host name.');
}

/** Whether a host, without port and brackets, names the target. */
export function isTargetHost(target: TargetAddress, hostname: string): boolean {
  if (hostname === target.hostname || (target.loopback && isLocalHost(hostname))) return true;
  return typeof target.hostHeader === 'object' && hostname === literalUrl(target.hostHeader.literal).hostname;
}

/**
 * Whether `authority` of a URL with `scheme` names the target: one of its hosts with its port, or the configured `Host`. With
 * `publicOrigin` also one of its hosts with the scheme or port of that origin, as an app builds it from `Host` and
 * `X-Forwarded-*`.
 */
export function namesTarget(target: TargetAddress, scheme: string, authority: string, publicOrigin?: string): boolean {
  const text = `${scheme}://${authority}`;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  const hostname = bareHost(url.hostname);
  if (target.neighbours?.some((other) => isTargetHost(other, hostname) && portOf(url) === other.port)) return true;
  if (!isTargetHost(target, hostname)) return false;
  if (portOf(url) === target.port) return true;
  if (publicOrigin !== undefined && isForwarded(url, target, new URL(publicOrigin))) return true;
  return typeof target.hostHeader === 'object' && url.host === literalUrl(target.hostHeader.literal, scheme).host;
}

// A public scheme that is also the target's own proves nothing: the default port may be that of another server on the machine.
function isForwarded(url: URL, target: TargetAddress, publicUrl: URL): boolean {
  if (portOf(url) === portOf(publicUrl)) return true;
  const isPublicScheme = url.protocol.replace('ws', 'http') === publicUrl.protocol;
  return isPublicScheme && publicUrl.protocol !== `${target.scheme}:` && url.port === '';
}

/** The `servername` of a TLS handshake: a name, never an address (RFC 6066 section 3). */
export function serverName(target: TargetAddress): string {
  return isIP(target.hostname) === 0 ? target.hostname : '';
}

function isHostText(text: string): boolean {
  return LITERAL.test(text) && URL.canParse(`http://${text}`);
}

/** Whether a name is `localhost` or below it, which is this machine regardless of any resolver. */
export function isLocalhostName(hostname: string): boolean {
  return LOCALHOST.test(hostname);
}

// Without the names below `localhost`: a tunnel of an edge on this machine has one of those itself.
function isLocalHost(hostname: string): boolean {
  return LOCAL_HOST.test(hostname);
}

function literalUrl(literal: string, scheme = 'http'): URL {
  return new URL(`${scheme}://${literal}`);
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' || url.protocol === 'wss:' ? 443 : 80;
}
