import type { Directory } from '../../src/cluster/directory.js';
import { DirectoryTable } from '../../src/cluster/directory-table.js';
import { MemoryDirectory } from '../../src/cluster/memory-directory.js';
import { directoryContract } from './directory.js';

directoryContract('MemoryDirectory', () => {
  const table = new DirectoryTable();
  return {
    open: async (id, peer) => new MemoryDirectory(table, { id, peer, state: 'up' }),
    kill: async (directory: Directory) => table.leave(directory.self.id),
    close: async () => {},
  };
});
