/**
 * Nodes that live and cannot be reached, because the address that they tell leads elsewhere or a firewall is between: the log says
 * which ones, and each not as often as visitors come.
 */
import type { Log } from '../core/log.js';
import type { ClusterNode } from './directory.js';

const WARN_INTERVAL_MS = 60_000;

export class Unreachable {
  readonly #log: Log;
  readonly #nodeOf: (id: string) => ClusterNode | undefined;
  readonly #now: () => number;
  readonly #warnedAtMs = new Map<string, number>();

  /** `nodeOf`: the node of an id, as long as it lives. `now`: monotonic. */
  constructor(log: Log, nodeOf: (id: string) => ClusterNode | undefined, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#nodeOf = nodeOf;
    this.#now = now;
  }

  /** A node could not be reached. One that has ended needs no word. */
  add(id: string, reason: string): void {
    for (const known of this.#warnedAtMs.keys()) if (this.#nodeOf(known) === undefined) this.#warnedAtMs.delete(known);
    const node = this.#nodeOf(id);
    const atMs = this.#now();
    if (node === undefined || atMs - (this.#warnedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < WARN_INTERVAL_MS) return;
    this.#warnedAtMs.set(id, atMs);
    this.#log.warn(
      { node: id, peer: node.peer, reason },
      'another node cannot be reached: requests for its agents fail here',
    );
  }
}
