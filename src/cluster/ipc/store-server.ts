/** The supervisor's half of a worker's store: carries out what it asks for, and tells it of changes. */
import type { ListOptions, PutOptions, Store, Watch } from '../../store/store.js';
import type { Calls, Methods } from './calls.js';
import type { WorkerGroup } from './worker-group.js';

export interface StoreServerOptions {
  readonly store: Store;
  readonly group: WorkerGroup;
  /** To the worker. */
  readonly calls: () => Calls;
}

/** The methods of one worker, and what ends its watches. */
export function serveStore({ store, group, calls }: StoreServerOptions): { methods: Methods; close: () => void } {
  const watches = new Map<number, Watch>();
  const close = (id: number) => {
    watches.get(id)?.close();
    watches.delete(id);
  };
  const known = async <Written>(write: Promise<Written>): Promise<Written> => {
    const written = await write;
    await group.seen(calls());
    return written;
  };
  const methods: Methods = new Map<string, (...args: never[]) => unknown>([
    ['store.get', (key: string) => store.get(key)],
    ['store.put', (key: string, value: string, options: PutOptions) => known(store.put(key, value, options))],
    ['store.delete', (key: string, ifVersion: number | undefined) => known(store.delete(key, ifVersion))],
    ['store.list', (prefix: string, options: ListOptions) => store.list(prefix, options)],
    [
      'store.watch',
      (id: number, prefix: string) => {
        const watch = store.watch(prefix, (change) => calls().tell('store.changed', id, change));
        watches.set(id, watch);
        return watch.ready;
      },
    ],
    ['store.unwatch', (id: number) => close(id)],
  ]);
  return { methods, close: () => [...watches.keys()].forEach(close) };
}
