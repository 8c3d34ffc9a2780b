/**
 * Where the front door listens: TCP addresses with or without TLS, Unix sockets, and sockets that are open already, which
 * systemd hands over (sd_listen_fds(3)).
 */
import { type ListenAddress, readListenAddress } from './addresses.js';
import { list, parsed, type Value } from './value.js';

/** One place where the front door listens. `text` is what the operator wrote, for messages. */
export type Endpoint = { readonly text: string; readonly scheme: 'http' | 'https' } & (
  | ({ readonly kind: 'tcp' } & ListenAddress)
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number }
  /** Of the sockets that were handed over: the one of a number, those of a name, or all. */
  | { readonly kind: 'inherited'; readonly fd?: number; readonly name?: string }
);

/** A socket that was open when the process began. */
export interface InheritedSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of its unit. */
  readonly name: string;
}

// `sun_path` has 108 bytes with the terminating zero (unix(7)); macOS has four less.
const MAX_PATH_BYTES = 103;

// Those who may connect are the user of the edge and a group, such as that of the reverse proxy.
const DEFAULT_MODE = 0o660;

const PORTS = { http: 80, https: 443 } as const;

/** `https://0.0.0.0:443`, `127.0.0.1:8080`, `unix:/run/postern.sock?mode=660`, `systemd`, `fd:3`, separated by commas. */
export const endpoints: Value<Endpoint[]> = list(
  parsed(
    readEndpoint,
    'a listen address: expected host:port, http://host:port or https://host:port (* for every address), unix:/path, systemd or fd:3, separated by commas',
  ),
).refine(areDifferent, 'an address is there twice: expected each once');

function readEndpoint(text: string): Endpoint | undefined {
  if (text.startsWith('unix:')) return readSocket(text);
  return /^(?:\w+\+)?(?:fd|systemd)(?::|$)/.test(text) ? readInherited(text) : readTcp(text);
}

function readTcp(text: string): Endpoint | undefined {
  const [, scheme, authority = ''] = /^(?:(https?):\/\/)?(.*)$/s.exec(text) ?? [];
  const hasPort = scheme === undefined || /:\d*$/.test(authority.replace(/^\[.*\]/, ''));
  const known = scheme === 'https' ? 'https' : 'http';
  const address = readListenAddress(hasPort ? authority : `${authority}:${PORTS[known]}`, 'any-address');
  return address && { kind: 'tcp', text, scheme: known, ...address };
}

function readSocket(text: string): Endpoint | undefined {
  const [, path = '', mode] = /^unix:([^?]*)(?:\?mode=0?([0-7]{3}))?$/.exec(text) ?? [];
  if (path === '' || path.includes('\0') || Buffer.byteLength(path) > MAX_PATH_BYTES) return undefined;
  const permitted = mode === undefined ? DEFAULT_MODE : Number.parseInt(mode, 8);
  return { kind: 'unix', text, scheme: 'http', path, mode: permitted };
}

function readInherited(text: string): Endpoint | undefined {
  const match = /^(?:(https?)\+)?(?:systemd(?::([^:,\s]+))?|fd:(\d{1,4}))$/.exec(text);
  if (match === null) return undefined;
  const [, scheme, name, fd] = match;
  if (fd !== undefined && Number(fd) <= 2) return undefined; // the standard streams
  const which = fd !== undefined ? { fd: Number(fd) } : name !== undefined ? { name } : {};
  return { kind: 'inherited', text, scheme: scheme === 'https' ? 'https' : 'http', ...which };
}

function areDifferent(all: readonly Endpoint[]): boolean {
  return new Set(all.map(identityOf)).size === all.length;
}

// Port zero is another port each time.
function identityOf(endpoint: Endpoint): unknown {
  switch (endpoint.kind) {
    case 'tcp':
      return endpoint.port === 0 ? endpoint : `${endpoint.host}:${endpoint.port}`;
    case 'unix':
      return endpoint.path;
    case 'inherited':
      return `fd:${endpoint.fd}:${endpoint.name}`;
  }
}
