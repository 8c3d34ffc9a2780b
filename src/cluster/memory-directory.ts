/** The directory of nodes that are in one process: a single edge, and tests. */
import type {
  Claim,
  Claimed,
  ClusterNode,
  Directory,
  DirectoryChange,
  DirectoryWatch,
  TunnelRecord,
} from './directory.js';
import type { DirectoryTable } from './directory-table.js';

/** What one node sees of a table in the same process. Watchers are called before a change resolves. */
export class MemoryDirectory implements Directory {
  #self: ClusterNode;
  readonly #table: DirectoryTable;
  readonly #watches = new Set<() => void>();

  /** Joins the node. */
  constructor(table: DirectoryTable, self: ClusterNode) {
    this.#table = table;
    this.#self = self;
    table.join(self);
  }

  get self(): ClusterNode {
    return this.#self;
  }

  nodes(): ReadonlyMap<string, ClusterNode> {
    return this.#table.nodes;
  }

  async drain(): Promise<void> {
    this.#self = { ...this.#self, state: 'draining' };
    this.#table.join(this.#self);
  }

  async find(name: string): Promise<TunnelRecord | undefined> {
    return this.#table.find(name);
  }

  async claim(claim: Claim): Promise<Claimed> {
    return this.#table.claim(this.#self.id, claim);
  }

  async release(name: string, link: string): Promise<TunnelRecord | undefined> {
    return this.#table.release(this.#self.id, name, link);
  }

  watch(listener: (change: DirectoryChange) => void): DirectoryWatch {
    const end = this.#table.watch(listener);
    this.#watches.add(end);
    const close = () => {
      this.#watches.delete(end);
      end();
    };
    return { ready: Promise.resolve(), close };
  }

  async close(): Promise<void> {
    for (const end of this.#watches) end();
    this.#table.leave(this.#self.id);
  }
}
