import { join } from 'node:path';
import { FolderStore } from '../../src/store/folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { storeContract } from './store.js';

const root = temporaryFolder('store');
let folders = 0;

storeContract('FolderStore', (now) => FolderStore.open(join(root, `${folders++}`), { now }));
storeContract('FolderStore that takes a snapshot with nearly every write', (now) =>
  FolderStore.open(join(root, `${folders++}`), { now, snapshotFromBytes: 1 }),
);
