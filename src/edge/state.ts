/** The store of an edge: the Redis or the state folder that the operator names, or memory, which a restart empties. */
import type { EdgeConfig } from '../config/edge-config.js';
import type { StoreUrl } from '../config/store-url.js';
import type { Log } from '../core/log.js';
import { PosternError } from '../errors.js';
import { FolderStore } from '../store/folder.js';
import { MemoryStore } from '../store/memory.js';
import type { Store } from '../store/store.js';

const FORGETFUL =
  'what is decided while the edge runs is kept in memory: a restart forgets sign-outs, grants, revoked tokens and owners of names; POSTERN_STATE_DIR names a folder that keeps them, POSTERN_STORE_URL a Redis';

/** Of the configuration. */
export type StateConfig = Pick<EdgeConfig, 'stateDir' | 'store' | 'base'>;

/**
 * Opens the store. The caller closes it. An edge on https with neither folder nor Redis warns: it is meant to last. Rejects with
 * `ERR_CONFIG_INVALID` for one that cannot be used, and with `ERR_STORE_UNAVAILABLE` for one that stays away.
 */
export async function openStore({ stateDir, store, base }: StateConfig, log: Log): Promise<Store> {
  if (store !== undefined) return openShared(store, log);
  if (stateDir === undefined) {
    log[base.scheme === 'https' ? 'warn' : 'info']({ store: 'memory' }, FORGETFUL);
    return new MemoryStore();
  }
  const folder = await FolderStore.open(stateDir, { log }).catch((error: unknown) => {
    throw named(error, 'POSTERN_STATE_DIR');
  });
  log.info({ store: 'folder', path: stateDir }, 'what is decided while the edge runs is kept in the state folder');
  return folder;
}

async function openShared(url: StoreUrl, log: Log): Promise<Store> {
  const { RedisStore } = await import('../store/redis/store.js'); // here: most edges have none
  const store = await RedisStore.open(url, { log }).catch((error: unknown) => {
    throw named(error, 'POSTERN_STORE_URL');
  });
  log.info({ store: 'redis' }, 'what is decided while the edge runs is kept in Redis');
  return store;
}

function named(error: unknown, option: string): unknown {
  if (!(error instanceof PosternError)) return error;
  return new PosternError(error.code, `${option}: ${error.message}`, { cause: error });
}
