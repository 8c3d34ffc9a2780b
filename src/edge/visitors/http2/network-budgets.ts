/**
 * What the HTTP/2 connections of one network may spend and hold together, and those of all. The budgets of a network outlive its
 * connections, so that a new connection does not renew them.
 */
import { RecentMap } from '../../../core/recent-map.js';
import { BytePool } from '../../../http2/byte-pool.js';
import type { ConnectionLimits } from '../../../http2/connection-options.js';
import { FloodGuard } from '../../../http2/flood-guard.js';
import { network } from '../../request/limits.js';
import * as limits from './limits.js';

/** The pools and budgets of a network, below those of all networks. */
export class NetworkBudgets {
  readonly frames: FloodGuard;
  readonly limits: Partial<ConnectionLimits>;
  readonly #heads: BytePool;

  constructor({ frames, held }: limits.SharedLimits, parent?: NetworkBudgets) {
    this.frames = new FloodGuard(frames, () => performance.now(), parent?.frames);
    this.#heads = new BytePool(held.heads, parent === undefined ? undefined : parent.#heads);
    const { flow = limits.CONNECTION.flow, sendPool, unfinishedPool } = parent?.limits ?? {};
    this.limits = {
      ...limits.CONNECTION,
      flow: { ...flow, pool: new BytePool(held.unread, flow.pool) },
      sendPool: new BytePool(held.unsent, sendPool),
      unfinishedPool: new BytePool(held.unfinished, unfinishedPool),
    };
  }

  /** The heads of requests hold more than they may. */
  get areHeadsExceeded(): boolean {
    return this.#heads.isExceeded;
  }

  headHeld(bytes: number): void {
    this.#heads.add(bytes);
  }

  headReleased(bytes: number): void {
    this.#heads.add(-bytes);
  }
}

// About 1 kB each. The oldest are forgotten first; an open connection keeps its own.
const MAX_NETWORKS = 10_000;
const MAX_CHARACTERS = 64;

export class AllBudgets {
  readonly #all = new NetworkBudgets(limits.OF_ALL);
  readonly #networks = new RecentMap<NetworkBudgets>(MAX_NETWORKS, MAX_CHARACTERS);
  readonly #isProxy: (address: string) => boolean;

  /** `isProxy`: whether an address is a reverse proxy's, whose visitors count only among all. */
  constructor(isProxy: (address: string) => boolean) {
    this.#isProxy = isProxy;
  }

  /** The budgets for a connection from this address. */
  of(address: string): NetworkBudgets {
    if (this.#isProxy(address)) return this.#all;
    const name = network(address);
    let budgets = this.#networks.get(name);
    if (budgets === undefined) {
      budgets = new NetworkBudgets(limits.OF_NETWORK, this.#all);
      this.#networks.set(name, budgets);
    }
    return budgets;
  }
}
