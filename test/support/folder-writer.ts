/**
 * A process that writes to a state folder until it is killed: `node folder-writer.js FOLDER`. Prints the number of each write that
 * was acknowledged, or the code and the message of the error that ended it.
 */
import { writeSync } from 'node:fs';
import { FolderStore } from '../../src/store/folder.js';

const [, , folder = ''] = process.argv;
try {
  const store = await FolderStore.open(folder, { snapshotFromBytes: 2_000 });
  const last = Number((await store.get('count:last'))?.value ?? 0);
  for (let at = last + 1; ; at++) {
    await Promise.all([store.put('count:last', `${at}`), store.put(`count:${at % 10}`, 'x'.repeat(at % 50))]);
    writeSync(1, `${at}\n`);
  }
} catch (error) {
  writeSync(1, `${error instanceof Error ? `${(error as NodeJS.ErrnoException).code} ${error.message}` : error}\n`);
  process.exit(1);
}
