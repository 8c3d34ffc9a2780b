/** Watches one file of the developer's, also while editors replace it by another (they write beside it and rename). */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

// An editor makes several changes for one save.
const SETTLE_MS = 100;

/** Calls `changed` after the file has changed. Returns what ends that. Does not keep the process alive. */
export function watchFile(path: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name !== null && name !== basename(path)) return;
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS).unref();
    });
    watcher.on('error', () => watcher?.close()); // the folder is gone
  } catch {
    // There is no such folder, or it cannot be watched: the file is read at the next start.
  }
  return () => {
    clearTimeout(timer);
    watcher?.close();
  };
}
