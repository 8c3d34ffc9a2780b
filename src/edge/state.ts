/** The store of an edge: the state folder that the operator names, or memory, which a restart empties. */
import type { Log } from '../core/log.js';
import { PosternError } from '../errors.js';
import { FolderStore } from '../store/folder.js';
import { MemoryStore } from '../store/memory.js';
import type { Store } from '../store/store.js';

const FORGETFUL =
  'what is decided while the edge runs is kept in memory: a restart forgets sign-outs, grants, revoked tokens and owners of names; POSTERN_STATE_DIR names a folder that keeps them';

/**
 * Opens the store. The caller closes it. An edge on https without a folder warns: it is meant to last. Rejects with
 * `ERR_CONFIG_INVALID` for a folder that cannot be used.
 */
export async function openStore(stateDir: string | undefined, scheme: 'http' | 'https', log: Log): Promise<Store> {
  if (stateDir === undefined) {
    log[scheme === 'https' ? 'warn' : 'info']({ store: 'memory' }, FORGETFUL);
    return new MemoryStore();
  }
  const store = await FolderStore.open(stateDir, { log }).catch((error: unknown) => {
    throw named(error);
  });
  log.info({ store: 'folder', path: stateDir }, 'what is decided while the edge runs is kept in the state folder');
  return store;
}

function named(error: unknown): unknown {
  if (!(error instanceof PosternError) || error.code !== 'ERR_CONFIG_INVALID') return error;
  return new PosternError(error.code, `POSTERN_STATE_DIR: ${error.message}`, { cause: error });
}
