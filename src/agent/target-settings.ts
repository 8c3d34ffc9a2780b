/** Where the requests of a tunnel go, as an agent's options have it: the target, and the servers that are mounted at paths. */
import { readFileSync } from 'node:fs';
import { target } from '../config/addresses.js';
import type { HostHeader } from '../core/hostname.js';
import { PosternError } from '../errors.js';
import { MAX_MOUNTS, MOUNT_PATH_WORDS, parseMountPath } from '../http/mount-path.js';
import { readTargetAddress, serverAddress, type TargetAddress } from './target/address.js';
import { isServerTarget, ProcessServer, type ServerTarget } from './target/process-server.js';
import type { TargetAddresses } from './target/targets.js';

/** By path, such as `{ '/api': 8080 }`. */
export type Mounts = Readonly<Record<string, number | string | URL>>;

export interface TargetSettings {
  /**
   * The local server: a port, `localhost:5173`, an http(s) origin, or `unix:/run/app.sock`; or a server of this process, or its
   * request listener, which then needs no port.
   */
  readonly target: number | string | URL | ServerTarget;
  /** Other local servers, each for one path of the tunnel and what is below it, such as `{ '/api': 8080 }`; the longest counts. */
  readonly mounts?: Mounts | undefined;
  /** The `Host` that the target sees; unless given, `rewrite` (its own), or `preserve` for a server of this process. */
  readonly hostHeader?: HostHeader;
  /** A PEM file with the trusted issuers of the target's certificate; without it, any certificate is accepted on loopback. */
  readonly targetCa?: string | undefined;
  /** Accepts any certificate of the target, wherever it is. */
  readonly targetInsecure?: boolean | undefined;
}

const TARGET_KEYS = ['target', 'mounts', 'hostHeader', 'targetCa', 'targetInsecure'] as const;

/** Whether an option is about the servers behind a tunnel. */
export function isTargetKey(key: string): boolean {
  return (TARGET_KEYS as readonly string[]).includes(key);
}

/**
 * The address of each server, by path. A literal `Host` is that of the target, as one of its virtual hosts; a mounted server has
 * its own. Throws `ERR_CONFIG_INVALID`.
 */
export function addressesOf({ mounts = {}, ...options }: TargetSettings): TargetAddresses {
  const { hostHeader } = options;
  const others = typeof hostHeader === 'object' ? { ...options, hostHeader: 'rewrite' as const } : options;
  return new Map([['', addressOf(options)], ...mountedAt(mounts, (target) => addressOf({ ...others, target }))]);
}

// A server of this process has no address and so no host of its own: it sees the public one, unless told otherwise.
function addressOf({ target: given, targetCa, targetInsecure: insecure, hostHeader }: TargetSettings): TargetAddress {
  if (isServerTarget(given)) return serverAddress(new ProcessServer(given), hostHeader ?? 'preserve');
  return readTargetAddress(readTarget(given), hostHeader ?? 'rewrite', { ca: readCa(targetCa), insecure });
}

/** The address of each, by its path without a slash at the end. Throws `ERR_CONFIG_INVALID`. */
function mountedAt(
  mounts: Mounts,
  addressOf: (target: number | string | URL) => TargetAddress,
): ReadonlyMap<string, TargetAddress> {
  const addresses = new Map<string, TargetAddress>();
  for (const [text, target] of Object.entries(mounts)) {
    const path = parseMountPath(text);
    if (path === undefined) throw invalid(`there is a path that is none: expected ${MOUNT_PATH_WORDS}`);
    if (addresses.has(path)) throw invalid(`${path} is there twice: expected one server`);
    addresses.set(path, addressOf(target));
  }
  if (addresses.size > MAX_MOUNTS) throw invalid(`there are too many: expected at most ${MAX_MOUNTS}`);
  return addresses;
}

function invalid(problem: string): PosternError {
  return new PosternError('ERR_CONFIG_INVALID', `mounts: ${problem}.`);
}

const NOT_A_TARGET = 'expected a port, a URL, or a server of node:http (one of node:https by its URL)';

/** Reads a target as `AgentOptions` has it. Throws `ERR_CONFIG_INVALID`. */
export function readTarget(given: number | string | URL): URL {
  if (given instanceof URL) return given;
  const { value, problems } = typeof given === 'object' ? { problems: [NOT_A_TARGET] } : target.read(String(given));
  if (value !== undefined && problems.length === 0) return value;
  throw new PosternError('ERR_CONFIG_INVALID', `target: ${problems[0]}.`);
}

/** Reads the file of `targetCa`. Throws `ERR_CONFIG_INVALID`. */
export function readCa(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PosternError('ERR_CONFIG_INVALID', `target_ca: the file cannot be read: ${path}.`, { cause: error });
  }
}
