/** Where a Redis server is, as the configuration names it. */
import { readFileSync } from 'node:fs';
import { PosternError } from '../../errors.js';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where one server listens. */
export type Place = ({ readonly kind: 'tcp' } & HostPort) | { readonly kind: 'unix'; readonly path: string };

/** Those who know where a primary is. */
export interface Sentinels {
  readonly kind: 'sentinel';
  readonly sentinels: readonly HostPort[];
  /** What they call the primary. */
  readonly primary: string;
  /** For the sentinels themselves. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

type Pem = 'ca' | 'cert' | 'key';

export interface RedisAddress {
  readonly at: Place | Sentinels;
  /** Paths of PEM files; undefined: in clear text. */
  readonly tls: { readonly [file in Pem]: string | undefined } | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** What all keys begin with. */
  readonly prefix: string;
}

/** The contents of the PEM files. */
export type TlsFiles = { readonly [file in Pem]?: string };

/** The address for people: without user and password. */
export function addressText({ at, database }: Pick<RedisAddress, 'at' | 'database'>): string {
  const path = database === 0 ? '' : `/${database}`;
  if (at.kind === 'unix') return at.path;
  if (at.kind === 'tcp') return `${hostText(at)}${path}`;
  return `${at.primary} of the sentinels ${at.sentinels.map(hostText).join(', ')}${path}`;
}

function hostText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Undefined without TLS. Throws `ERR_CONFIG_INVALID` for a file that cannot be read. */
export function readTlsFiles(tls: RedisAddress['tls']): TlsFiles | undefined {
  if (tls === undefined) return undefined;
  const { ca, cert, key } = tls;
  return {
    ...(ca !== undefined && { ca: readPem(ca) }),
    ...(cert !== undefined && { cert: readPem(cert) }),
    ...(key !== undefined && { key: readPem(key) }),
  };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PosternError('ERR_CONFIG_INVALID', `the file ${path} cannot be read`, { cause: error });
  }
}
