/** The directory of a worker: the table of its supervisor, which is shared by all workers of the machine. */
import type {
  Claim,
  Claimed,
  ClusterNode,
  Directory,
  DirectoryChange,
  DirectoryWatch,
  TunnelRecord,
} from '../directory.js';
import type { Calls, Methods } from './calls.js';

export class IpcDirectory implements Directory {
  /** What the supervisor calls. */
  readonly methods: Methods;
  readonly #calls: () => Calls;
  readonly #listeners = new Map<number, (change: DirectoryChange) => void>();
  #self: ClusterNode;
  #nodes: ReadonlyMap<string, ClusterNode>;
  #watches = 0;

  /** `calls`: to the supervisor, from the first call on. */
  constructor(calls: () => Calls, self: ClusterNode) {
    this.#calls = calls;
    this.#self = self;
    this.#nodes = new Map([[self.id, self]]);
    this.methods = new Map<string, (...args: never[]) => unknown>([
      ['directory.changed', (id: number, change: DirectoryChange) => this.#listeners.get(id)?.(change)],
      [
        'directory.nodes',
        (nodes: readonly ClusterNode[]) => {
          this.#nodes = new Map(nodes.map((node) => [node.id, node]));
        },
      ],
    ]);
  }

  /** Joins: from now on other nodes find this one. */
  async join(): Promise<void> {
    await this.#calls().call('directory.join', this.#self);
  }

  get self(): ClusterNode {
    return this.#self;
  }

  nodes(): ReadonlyMap<string, ClusterNode> {
    return this.#nodes;
  }

  async drain(): Promise<void> {
    this.#self = { ...this.#self, state: 'draining' };
    await this.join();
  }

  find(name: string): Promise<TunnelRecord | undefined> {
    return this.#calls().call('directory.find', name);
  }

  claim(claim: Claim): Promise<Claimed> {
    return this.#calls().call('directory.claim', claim);
  }

  release(name: string, link: string): Promise<TunnelRecord | undefined> {
    return this.#calls().call('directory.release', name, link);
  }

  watch(listener: (change: DirectoryChange) => void): DirectoryWatch {
    const id = ++this.#watches;
    this.#listeners.set(id, listener);
    const ready = this.#calls().call<void>('directory.watch', id);
    ready.catch(() => {}); // a caller that waits for it is told
    const close = () => {
      if (this.#listeners.delete(id)) this.#calls().tell('directory.unwatch', id);
    };
    return { ready, close };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#calls()
      .call('directory.leave')
      .catch(() => {}); // without a supervisor there is nothing to leave
  }
}
