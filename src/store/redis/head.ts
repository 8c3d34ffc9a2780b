/** The last change that a server has. */
import type { KeyNames } from './codec.js';
import { type RedisConnection, unavailable } from './connection.js';

/** A change, by its version and its tag. */
export interface Position {
  readonly version: number;
  readonly tag: string;
}

/** Rejects with `ERR_STORE_UNAVAILABLE`, also for a reply that no store has written. */
export async function readHead(connection: Pick<RedisConnection, 'run'>, names: KeyNames): Promise<Position> {
  const reply = await connection.run('HMGET', names.head, 'version', 'tag');
  const [version, tag] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (version === null && tag === null) return { version: 0, tag: '' };
  if (typeof version !== 'string' || !/^\d{1,15}$/.test(version) || typeof tag !== 'string')
    throw unavailable('has replied with something that is no change');
  return { version: Number(version), tag };
}
