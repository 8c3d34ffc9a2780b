/**
 * Nodes that live and cannot be reached, because the address that they tell leads elsewhere, a firewall is between, or their secret
 * is another one. The log says which ones, and each not as often as visitors come; how many there are is a metric.
 */
import type { Log } from '../core/log.js';
import type { ClusterNode } from './directory.js';

const WARN_INTERVAL_MS = 60_000;

export class Unreachable {
  readonly #log: Log;
  readonly #nodeOf: (id: string) => ClusterNode | undefined;
  readonly #now: () => number;
  readonly #warnedAtMs = new Map<string, number>();
  readonly #ids = new Set<string>();

  /** `nodeOf`: the node of an id, as long as it lives. `now`: monotonic. */
  constructor(log: Log, nodeOf: (id: string) => ClusterNode | undefined, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#nodeOf = nodeOf;
    this.#now = now;
  }

  /** Those that live. */
  get ids(): readonly string[] {
    this.#forgetEnded();
    return [...this.#ids];
  }

  /** A node could not be reached. One that has ended needs no word. */
  add(id: string, reason: string): void {
    this.#forgetEnded();
    const node = this.#nodeOf(id);
    if (node === undefined) return;
    this.#ids.add(id);
    const atMs = this.#now();
    if (atMs - (this.#warnedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < WARN_INTERVAL_MS) return;
    this.#warnedAtMs.set(id, atMs);
    this.#log.warn(
      { node: id, peer: node.peer, reason },
      'another node cannot be reached: requests for its agents fail here',
    );
  }

  /** A node was reached. */
  delete(id: string): void {
    if (this.#ids.delete(id)) this.#log.info({ node: id }, 'another node can be reached again');
  }

  #forgetEnded(): void {
    for (const id of [...this.#ids, ...this.#warnedAtMs.keys()])
      if (this.#nodeOf(id) === undefined) {
        this.#ids.delete(id);
        this.#warnedAtMs.delete(id);
      }
  }
}
