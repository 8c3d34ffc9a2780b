/**
 * An edge process as a node: the directory in which it finds the agents of tunnels, and its links to the other nodes. An edge that
 * is alone is the only node of a directory in its own memory.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { Directory } from '../cluster/directory.js';
import { DirectoryTable } from '../cluster/directory-table.js';
import { MemoryDirectory } from '../cluster/memory-directory.js';
import type { Others } from '../cluster/others.js';
import { OwnAddress } from '../cluster/own-address.js';
import { peerIdentity } from '../cluster/peer-handshake.js';
import type { PeerOthers } from '../cluster/peer-others.js';
import { Peers } from '../cluster/peers.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Log } from '../core/log.js';
import type { Store } from '../store/store.js';
import { Places } from './agents/places.js';
import { tunnelOfRecord } from './agents/tunnel-of.js';
import type { Registry, Tunnel } from './gate/registry.js';
import { Membership, type Worker } from './membership.js';
import { NodeCounts } from './node-metrics.js';
import { network } from './request/limits.js';
import type { HandedOut } from './visitors/listen/handed-out.js';

/** What a worker shares with the others: its supervisor has it. */
export interface Shared {
  /** Undefined where all edges share one, which each process opens for itself. */
  readonly store: Store | undefined;
  /** Its `self.peer` is the path of a Unix socket that this node listens on. Undefined where it is in the store of all edges. */
  readonly directory: Directory | undefined;
  readonly others: Others;
  readonly worker: Worker;
  /** Connections come from here, and the admin address is the supervisor's too. */
  readonly connections: HandedOut;
}

export interface NodeOptions {
  /** Of all nodes, where they share their tunnels. */
  readonly store: Store;
  readonly shared: Shared | undefined;
  /** Undefined where no other node is reached over a network. */
  readonly others: PeerOthers | undefined;
  readonly registry: Registry;
  readonly changed: (tunnel: Tunnel) => void;
  readonly log: Log;
}

/** Which nodes are meant: all others, or those that are no processes of the same supervisor. */
export type Beyond = 'this process' | 'this machine';

// An edge that is one of several expects another one, also while that is restarted.
const MIN_NODES = 2;

export class Node {
  readonly directory: Directory;
  readonly places: Places;
  readonly counts: NodeCounts;
  readonly #peers: Peers;
  readonly #membership: Membership | undefined;
  readonly #ownAddress: OwnAddress;
  /** For nodes on the same machine. */
  readonly #socket: { readonly path: string; readonly server: Server } | undefined;

  private constructor(
    config: EdgeConfig,
    directory: Directory,
    membership: Membership | undefined,
    options: NodeOptions,
  ) {
    const { registry, changed, others, shared, log } = options;
    this.directory = directory;
    this.#membership = membership;
    const identity = peerIdentity(directory.self.id, config.secrets);
    this.#ownAddress = new OwnAddress({ identity, address: directory.self.peer, log });
    this.#peers = new Peers({
      identity,
      nodeOf: (id) => directory.nodes().get(id),
      own: {
        linkOf: (tunnel, epoch) => this.places.linkOf(tunnel, epoch),
        probe: (tunnel) => this.places.probe(tunnel),
      },
      ...(others && { methods: others.methods }),
      machine: directory.self.nearby?.machine,
      networkOf: network,
      relayed: (outcome) => this.counts.relayed(outcome),
      refused: (reason) => this.counts.refused(reason),
      log,
    });
    this.counts = new NodeCounts({
      nodes: () => directory.nodes(),
      links: () => this.#peers.links,
      unreachable: () => this.#peers.unreachable,
    });
    others?.connect({
      nodes: () => [...directory.nodes().keys()].filter((id) => id !== directory.self.id),
      call: (node, call, args) => this.#peers.call(node, call, args),
    });
    const common = { base: config.base, policy: { ceiling: config.allow, publicPermitted: config.publicPermitted } };
    this.places = new Places({
      directory,
      registry,
      read: (record) => tunnelOfRecord(record, common),
      peers: this.#peers,
      expected: membership === undefined && shared === undefined ? 1 : Math.max(config.workers, MIN_NODES),
      changed,
    });
    const address = directory.self.nearby?.peer ?? directory.self.peer;
    if (shared !== undefined)
      this.#socket = {
        path: address.replace(/^unix:/, ''),
        server: createServer((socket) => this.#peers.accept(socket)),
      };
  }

  /** Resolves once the other nodes can reach this one, and it knows all tunnels. */
  static async open(config: EdgeConfig, options: NodeOptions): Promise<Node> {
    const { store, shared, log } = options;
    const { peer, workers } = config;
    if (peer === undefined)
      return await Node.#open(new Node(config, shared?.directory ?? lonely(), undefined, options));
    let node: Node | undefined;
    const membership = await Membership.open({
      ...{ id: createNodeId(), peer, workers, store, worker: shared?.worker, log },
      accept: (socket, tls) => (node === undefined ? socket.destroy() : node.#peers.accept(socket, tls)),
      beaten: () => {
        if (node !== undefined) node.#lookAtPeers();
      },
    });
    node = new Node(config, membership.directory, membership, options);
    return await Node.#open(node);
  }

  static async #open(node: Node): Promise<Node> {
    try {
      await Promise.all([node.#listen(), node.places.ready]);
      return node;
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  /** Whether another node takes the agents of this one. */
  hasOthers(beyond: Beyond): boolean {
    const { self } = this.directory;
    const isNear = (machine: string | undefined) => machine !== undefined && machine === self.nearby?.machine;
    return [...this.directory.nodes().values()].some(
      ({ id, state, nearby }) =>
        id !== self.id && state === 'up' && (beyond === 'this process' || !isNear(nearby?.machine)),
    );
  }

  /** Lines for the operator. */
  notes(): string[] {
    if (this.#membership === undefined) return [];
    const { problem } = this.#ownAddress;
    return [this.counts.note(), ...(problem === undefined ? [] : [problem])];
  }

  /** Ends the links to other nodes once the requests on them are finished. */
  async drain(): Promise<void> {
    await this.#peers.drain();
  }

  destroy(): void {
    this.#peers.destroy();
  }

  async close(): Promise<void> {
    this.#socket?.server.close();
    this.#membership?.close();
    this.#peers.destroy();
    this.places.close();
    await this.directory.close();
  }

  #lookAtPeers(): void {
    this.#peers.dialAgain();
    void this.#ownAddress.look();
  }

  async #listen(): Promise<void> {
    if (this.#socket === undefined) return;
    const { path, server } = this.#socket;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path }, resolve);
    });
  }
}

const ID_BYTES = 12;

/** The id of a node: another one for each start. */
export function createNodeId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

function lonely(): Directory {
  return new MemoryDirectory(new DirectoryTable(), { id: createNodeId(), peer: '', state: 'up' });
}
