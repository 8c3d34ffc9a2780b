/** What a Redis server says of itself, and whether a store can be kept there: its version, its role and what it evicts. */
import type { Problem } from './problem.js';

/** The part of `INFO` that matters here. */
export interface ServerInfo {
  readonly version: string;
  readonly role: string;
  readonly mode: string;
  readonly evictionPolicy: string;
  /** It does not reply to other commands yet. */
  readonly isLoading: boolean;
  /** Whether it keeps an append-only file. */
  readonly isPersistent: boolean;
}

/** Redis 7 has what is used here, and is what the tests run against. Valkey says 7.2 of itself. */
const MIN_MAJOR = 7;

/** Reads the reply to `INFO`; a field that is missing is empty. */
export function readInfo(text: string): ServerInfo {
  const fields = new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
  const field = (name: string) => (fields.get(name) ?? '').slice(0, 64);
  return {
    version: field('redis_version'),
    role: field('role'),
    mode: field('redis_mode'),
    evictionPolicy: field('maxmemory_policy'),
    isLoading: field('loading') === '1',
    isPersistent: field('aof_enabled') === '1',
  };
}

/**
 * Why no store is kept there; undefined when nothing speaks against it. `isNamedBySentinels`: while Redis fails over, sentinels may name
 * a server that is a replica for another moment.
 */
export function unfitness(server: ServerInfo, isNamedBySentinels: boolean): Problem | undefined {
  if (server.isLoading) return { text: 'is still reading what it has kept', isPermanent: false };
  const text = unfitnessOf(server);
  return text === undefined ? undefined : { text, isPermanent: text !== REPLICA || !isNamedBySentinels };
}

const REPLICA = 'is a replica, which takes no writes: expected its primary, or the sentinels that know it';

function unfitnessOf({ version, role, mode, evictionPolicy }: ServerInfo): string | undefined {
  if (!(Number.parseInt(version, 10) >= MIN_MAJOR))
    return `is of version ${version === '' ? 'unknown' : version}: expected Redis ${MIN_MAJOR} or later, or Valkey`;
  if (mode === 'cluster') return 'is part of a Redis Cluster: expected one primary, with or without sentinels';
  if (role !== 'master') return REPLICA;
  // What is evicted is forgotten: a sign-out that was promised would not count any more.
  if (evictionPolicy !== 'noeviction')
    return `has the maxmemory-policy ${evictionPolicy === '' ? 'unknown' : evictionPolicy} and may forget sign-outs: expected noeviction`;
  return undefined;
}
