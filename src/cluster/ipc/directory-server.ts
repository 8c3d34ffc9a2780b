/** The supervisor's half of a worker's directory: the table of this machine, as one node sees it. */
import type { Claim, ClusterNode } from '../directory.js';
import type { DirectoryTable } from '../directory-table.js';
import type { Calls, Methods } from './calls.js';
import type { WorkerGroup } from './worker-group.js';

export interface DirectoryServerOptions {
  readonly table: DirectoryTable;
  readonly group: WorkerGroup;
  /** To the worker. */
  readonly calls: () => Calls;
}

/** The methods of one worker, and what must be called when it has ended. */
export function serveDirectory({ table, group, calls }: DirectoryServerOptions): {
  methods: Methods;
  close: () => void;
} {
  const ends = new Map<number, () => void>();
  let self = '';
  const join = (node: ClusterNode) => {
    if (self === '')
      ends.set(
        0,
        table.watchNodes((nodes) => calls().tell('directory.nodes', nodes)),
      );
    self = node.id;
    table.join(node);
  };
  const end = (id: number) => {
    ends.get(id)?.();
    ends.delete(id);
  };
  const close = () => {
    for (const id of [...ends.keys()]) end(id);
    table.leave(self);
  };
  // What a link of this worker begins and ends is known to all workers before it goes on.
  const known = async <Result>(result: Result): Promise<Result> => {
    await group.seen(calls());
    return result;
  };
  const methods: Methods = new Map<string, (...args: never[]) => unknown>([
    ['directory.join', (node: ClusterNode) => known(join(node))],
    ['directory.find', (name: string) => table.find(name)],
    ['directory.claim', (claim: Claim) => known(table.claim(self, claim))],
    ['directory.release', (name: string, link: string) => known(table.release(self, name, link))],
    [
      'directory.watch',
      (id: number) =>
        void ends.set(
          id,
          table.watch((change) => calls().tell('directory.changed', id, change)),
        ),
    ],
    ['directory.unwatch', (id: number) => end(id)],
    ['directory.leave', () => close()],
  ]);
  return { methods, close };
}
