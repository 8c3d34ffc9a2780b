/** The admin address of a supervisor: what its workers say, put together. */
import { addressText, type ListenAddress } from '../../config/addresses.js';
import { ListenError } from '../../config/listen-error.js';
import { Metrics } from '../../core/metrics.js';
import { addStoreMetrics } from '../../edge/metrics.js';
import { createAdminServer } from '../../edge/ops/admin-server.js';
import { closed, listen, portOf } from '../../edge/visitors/http1/listener.js';
import type { Store } from '../../store/store.js';
import { sumMetrics } from './metrics-sum.js';
import type { WorkerStatus } from './wire.js';
import type { WorkerProcess } from './worker-process.js';

export interface AdminParts {
  readonly workers: () => readonly WorkerProcess[];
  /** Undefined where the workers have their own. */
  readonly store: Store | undefined;
  readonly isClosing: () => boolean;
}

export interface AdminAddress {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Rejects with a `ListenError`. */
export async function openAdmin(
  address: ListenAddress,
  { workers, store, isClosing }: AdminParts,
): Promise<AdminAddress> {
  const metrics = new Metrics();
  if (store !== undefined) addStoreMetrics(metrics, store);
  const statuses = async (): Promise<WorkerStatus[]> => {
    const all = await Promise.allSettled(workers().map((worker) => worker.status()));
    return all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])); // one that has just ended says nothing
  };
  const server = createAdminServer({
    isReady: async () => {
      if (isClosing()) return 'draining';
      const states = (await statuses()).map(({ ready }) => ready);
      return states.includes(true) || (states.find((state) => state !== 'starting') ?? 'starting');
    },
    notes: async () => [...new Set((await statuses()).flatMap(({ notes }) => notes))],
    metrics: async () => sumMetrics((await statuses()).map((status) => status.metrics)) + metrics.text(),
    serves: async (host) =>
      (await workers()
        .find(({ isServing }) => isServing)
        ?.serves(host)) ?? false,
  });
  await listen(server, address).catch((error: unknown) => {
    throw new ListenError('POSTERN_ADMIN_LISTEN', addressText(address), error);
  });
  return {
    port: portOf(server),
    close: async () => {
      const stopped = closed(server);
      server.closeAllConnections();
      await stopped;
    },
  };
}
