/** The key of this node in a store. */
import type { Store } from '../store/store.js';
import type { ClusterNode } from './directory.js';
import { NODE_PREFIX, REMEMBERED_MS, writeLease } from './store-records.js';

export interface OwnLeaseOptions {
  readonly store: Store;
  readonly self: () => ClusterNode;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

export class OwnLease {
  readonly #options: OwnLeaseOptions;
  #beat = 0;
  #isOver = false;
  #isRestoring = false;

  constructor(options: OwnLeaseOptions) {
    this.#options = options;
  }

  /** Resolves to what distinguishes this beat from the ones before it, once it is in the store. */
  async write(): Promise<number> {
    const { store, self, wallClock } = this.#options;
    const node = self();
    this.#beat += 1;
    const beat = this.#beat;
    const expiresAtMs = wallClock() + REMEMBERED_MS;
    await store.put(`${NODE_PREFIX}${node.id}`, writeLease({ node, beat }), { expiresAtMs });
    return beat;
  }

  /** Writes it again: the store was emptied, or is an older copy. Without its key a node's places count nowhere. */
  restore(): void {
    if (this.#beat === 0 || this.#isRestoring || this.#isOver) return;
    this.#isRestoring = true;
    const restored = () => {
      this.#isRestoring = false;
    };
    void this.write().then(restored, restored); // if it fails, at the next beat
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const { store, self } = this.#options;
    await store.delete(`${NODE_PREFIX}${self().id}`);
  }
}
