import type { Directory } from '../../src/cluster/directory.js';
import { InProcessSupervisor, type InProcessWorker } from '../support/in-process-workers.js';
import { directoryContract } from './directory.js';

directoryContract('IpcDirectory', () => {
  const supervisor = new InProcessSupervisor();
  const workers = new Map<Directory, InProcessWorker>();
  return {
    open: async (id, peer) => {
      const worker = supervisor.worker(id, peer);
      workers.set(worker.directory, worker);
      await worker.directory.join();
      return worker.directory;
    },
    kill: async (directory) => workers.get(directory)?.kill(),
    close: async () => {
      for (const worker of workers.values()) worker.kill();
    },
  };
});
