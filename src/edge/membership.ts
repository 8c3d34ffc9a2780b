/**
 * An edge as one of several nodes that share a store: where the others reach it, its entry in the directory, and the beat that
 * shows them that it is live.
 */
import type { Socket } from 'node:net';
import type { ClusterNode } from '../cluster/directory.js';
import { PeerListener } from '../cluster/peer-listener.js';
import type { PeerTls } from '../cluster/peer-tls.js';
import { LEASE_BEAT_MS, StoreDirectory } from '../cluster/store-directory.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { PeerConfig } from '../config/peer-options.js';
import type { Log } from '../core/log.js';
import type { Store } from '../store/store.js';
import { createSelfSigned } from './acme/x509.js';
import { withPatience } from './store-patience.js';

export interface MembershipOptions {
  readonly id: string;
  readonly peer: PeerConfig;
  readonly workers: EdgeConfig['workers'];
  readonly store: Store;
  /** Undefined for an edge without a supervisor. */
  readonly worker: Worker | undefined;
  /** Takes over a connection of another node, or of a stranger. */
  readonly accept: (socket: Socket, tls: PeerTls) => void;
  /** Called after each beat. */
  readonly beaten: () => void;
  readonly log: Log;
}

/** One of several processes of a supervisor. */
export interface Worker {
  /** From 1 on. */
  readonly slot: number;
  readonly nearby: Required<ClusterNode>['nearby'];
}

// The certificate is not checked, and no process runs for so long.
const VALID_FOR_MS = 10 * 365 * 86_400_000;

export class Membership {
  readonly directory: StoreDirectory;
  readonly #listener: PeerListener;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #known: ReadonlyMap<string, ClusterNode> = new Map();

  private constructor(directory: StoreDirectory, listener: PeerListener, { beaten, log }: MembershipOptions) {
    this.directory = directory;
    this.#listener = listener;
    this.#log = log;
    this.#look();
    const beat = async () => {
      await directory.beat();
      this.#look();
      beaten();
    };
    this.#timer = setInterval(() => void beat(), LEASE_BEAT_MS).unref();
  }

  /** Resolves once the others can reach this node. Rejects with a `ListenError`, and when the store stays away. */
  static async open(options: MembershipOptions): Promise<Membership> {
    const { id, peer, workers, store, worker, accept, log } = options;
    const certificate = await createSelfSigned('postern-peer', VALID_FOR_MS);
    const at = { worker: (worker?.slot ?? 1) - 1, workers, certificate };
    const listener = await PeerListener.open({ ...peer, ...at }, accept);
    const nearby = worker && { nearby: worker.nearby };
    try {
      const self: ClusterNode = { id, peer: listener.address, state: 'up', ...nearby };
      const directory = await withPatience(store, () => StoreDirectory.open(store, self, { log }));
      log.info({ node: id, peer: self.peer }, 'other edges of the store can reach this one');
      return new Membership(directory, listener, options);
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listener.close();
  }

  /** Says which nodes have come and gone since the last beat. */
  #look(): void {
    const now = new Map(this.directory.nodes());
    for (const [id, { peer }] of now)
      if (id !== this.directory.self.id && !this.#known.has(id))
        this.#log.info({ node: id, peer }, 'another node is up');
    for (const [id, { peer }] of this.#known)
      if (!now.has(id)) this.#log.info({ node: id, peer }, 'another node has ended');
    this.#known = now;
  }
}
