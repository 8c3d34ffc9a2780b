/** A supervisor's store and directory with workers that use them, all in one process. */
import { DirectoryTable } from '../../src/cluster/directory-table.js';
import { Calls } from '../../src/cluster/ipc/calls.js';
import { serveDirectory } from '../../src/cluster/ipc/directory-server.js';
import { IpcDirectory } from '../../src/cluster/ipc/ipc-directory.js';
import { IpcOthers, serveOthers } from '../../src/cluster/ipc/ipc-others.js';
import { IpcStore } from '../../src/cluster/ipc/ipc-store.js';
import { serveStore } from '../../src/cluster/ipc/store-server.js';
import { SEEN, WorkerGroup } from '../../src/cluster/ipc/worker-group.js';
import { MemoryStore } from '../../src/store/memory.js';
import { portPair } from './port-pair.js';

type AllMethods = Map<string, (...args: never[]) => unknown>;

export interface InProcessWorker {
  readonly store: IpcStore;
  readonly directory: IpcDirectory;
  readonly others: IpcOthers;
  /** Ends it as `kill -9` does. */
  kill(): void;
}

export class InProcessSupervisor {
  readonly table = new DirectoryTable();
  readonly store: MemoryStore;
  readonly #group = new WorkerGroup();

  constructor(now: () => number = Date.now) {
    this.store = new MemoryStore({ now });
  }

  worker(id: string, peer = `unix:/run/${id}`): InProcessWorker {
    const ports = portPair();
    const calls = () => toWorker;
    const ofStore = serveStore({ store: this.store, group: this.#group, calls });
    const ofDirectory = serveDirectory({ table: this.table, group: this.#group, calls });
    const served: AllMethods = new Map([
      ...ofStore.methods,
      ...ofDirectory.methods,
      ...serveOthers(this.#group, calls),
    ]);
    const toWorker = new Calls(ports.one, served);
    this.#group.add(toWorker);
    const methods: AllMethods = new Map([[SEEN, () => {}]]);
    const toSupervisor = new Calls(ports.other, methods);
    const store = new IpcStore(() => toSupervisor);
    const directory = new IpcDirectory(() => toSupervisor, { id, peer, state: 'up' });
    for (const [name, method] of [...store.methods, ...directory.methods]) methods.set(name, method);
    const kill = () => {
      this.#group.delete(toWorker);
      ports.close();
      ofStore.close();
      ofDirectory.close();
    };
    return { store, directory, others: new IpcOthers(() => toSupervisor, methods), kill };
  }
}
