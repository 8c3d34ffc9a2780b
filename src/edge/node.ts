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
import { peerIdentity } from '../cluster/peer-handshake.js';
import { Peers } from '../cluster/peers.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Log } from '../core/log.js';
import type { Store } from '../store/store.js';
import { Places } from './agents/places.js';
import { tunnelOfRecord } from './agents/tunnel-of.js';
import type { Registry, Tunnel } from './gate/registry.js';
import type { HandedOut } from './visitors/listen/handed-out.js';

/** What a worker shares with the others: its supervisor has it. */
export interface Shared {
  /** Undefined where all edges share one, which each process opens for itself. */
  readonly store: Store | undefined;
  /** Its `self.peer` is the path of a Unix socket that this node listens on. */
  readonly directory: Directory;
  readonly others: Others;
  /** Connections come from here, and the admin address is the supervisor's too. */
  readonly connections: HandedOut;
}

export interface NodeOptions {
  /** Undefined for an edge that is alone. */
  readonly directory: Directory | undefined;
  readonly registry: Registry;
  readonly changed: (tunnel: Tunnel) => void;
  readonly log: Log;
}

export class Node {
  readonly directory: Directory;
  readonly places: Places;
  readonly #peers: Peers;
  readonly #server: Server | undefined;

  private constructor(config: EdgeConfig, { directory, registry, changed, log }: NodeOptions) {
    this.directory = directory ?? lonely();
    const { self } = this.directory;
    this.#peers = new Peers({
      identity: peerIdentity(self.id, config.secrets),
      nodeOf: (id) => this.directory.nodes().get(id),
      own: {
        linkOf: (tunnel, epoch) => this.places.linkOf(tunnel, epoch),
        probe: (tunnel) => this.places.probe(tunnel),
      },
      log,
    });
    const common = { base: config.base, policy: { ceiling: config.allow, publicPermitted: config.publicPermitted } };
    this.places = new Places({
      directory: this.directory,
      registry,
      read: (record) => tunnelOfRecord(record, common),
      peers: this.#peers,
      changed,
    });
    this.#server = directory && createServer((socket) => this.#peers.accept(socket));
  }

  /** Resolves once the other nodes can reach this one, and it knows all tunnels. */
  static async open(config: EdgeConfig, options: NodeOptions): Promise<Node> {
    const node = new Node(config, options);
    await Promise.all([node.#listen(), node.places.ready]);
    return node;
  }

  /** Ends the links to other nodes once the requests on them are finished. */
  async drain(): Promise<void> {
    await this.#peers.drain();
  }

  destroy(): void {
    this.#peers.destroy();
  }

  async close(): Promise<void> {
    this.#server?.close();
    this.#peers.destroy();
    this.places.close();
    await this.directory.close();
  }

  async #listen(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: this.directory.self.peer.replace(/^unix:/, '') }, resolve);
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
