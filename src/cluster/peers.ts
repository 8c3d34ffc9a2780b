/**
 * The links between this node and the others: one that was dialled to each node whose agents it needs, and those that other nodes
 * have dialled, whose requests go to the agents of this node.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Log } from '../core/log.js';
import { asPosternError, type PosternError } from '../errors.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../http/exchange.js';
import { DialBackoff } from './dial-backoff.js';
import type { ClusterNode } from './directory.js';
import { callPeer, type PeerMethods, respondToCall } from './peer-calls.js';
import { dialPeer } from './peer-dial.js';
import { type PeerIdentity, receivePeer } from './peer-handshake.js';
import { PeerLink, PeerServerLink } from './peer-link.js';
import type { PeerTls } from './peer-tls.js';
import { type OwnLinks, serveRelayed } from './relay.js';
import { notHere, type PeerCall, type PeerRequest, readPeerCall, writePeerHead } from './relay-protocol.js';
import { RelayedStream, type RelayOutcome } from './relayed-stream.js';
import { type StrangerReason, Strangers } from './strangers.js';
import { Unreachable } from './unreachable.js';

export interface PeersOptions {
  readonly identity: PeerIdentity;
  /** The node of an id, as long as it lives. */
  readonly nodeOf: (id: string) => ClusterNode | undefined;
  readonly own: OwnLinks;
  /** What other nodes may call. */
  readonly methods?: PeerMethods;
  /** The machine of this node, whose nodes have a shorter route. */
  readonly machine?: string | undefined;
  /** What counts as one stranger of an address; the address unless given. */
  readonly networkOf?: (address: string) => string;
  /** What has become of a request that was relayed to another node. */
  readonly relayed?: (outcome: RelayOutcome) => void;
  /** A connection to the peer address was refused. */
  readonly refused?: (reason: StrangerReason) => void;
  readonly log: Log;
  /** Monotonic, in milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

const NO_METHODS: PeerMethods = new Map();

/** What a probe's exchange says of the tunnel is in our own field. */
const PROBE: RequestHead = { method: 'GET', scheme: 'http', authority: 'peer', path: '/', headers: [] };

export class Peers {
  readonly #options: PeersOptions;
  readonly #links = new Map<string, PeerLink | Promise<PeerLink>>();
  /** All that are open, those too that drain and that another one has replaced. */
  readonly #dialled = new Set<PeerLink>();
  readonly #inbound = new Set<PeerServerLink>();
  readonly #strangers: Strangers;
  readonly #unreachable: Unreachable;
  readonly #backoff: DialBackoff;
  #isClosed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    const { log, refused, nodeOf, now, networkOf = (address) => address } = options;
    this.#strangers = new Strangers({ log, networkOf, refused });
    this.#unreachable = new Unreachable(log, nodeOf, now);
    this.#backoff = new DialBackoff({ nodeOf, now });
  }

  /** How many links to other nodes are open, by the side that has dialled. */
  get links(): Readonly<Record<'dialled' | 'received', number>> {
    return { dialled: this.#dialled.size, received: this.#inbound.size };
  }

  /** How many nodes live and could not be reached the last time. */
  get unreachable(): number {
    return this.#unreachable.ids.length;
  }

  /** Dials those again that could not be reached, less and less often: the log and the metric say that it lasts, or that it is over. */
  dialAgain(): void {
    for (const id of this.#unreachable.ids) Promise.resolve(this.#linkTo(id)).catch(() => {}); // #linkTo has told it
  }

  /** Opens a request at another node. Never throws: what fails is told to the observer. */
  open(
    node: string,
    { head, ...relayed }: Omit<PeerRequest, 'kind'> & { readonly head: RequestHead },
    options: OpenOptions,
    observer: OutboundObserver,
  ): OutboundStream {
    const stream = new RelayedStream(observer, this.#options.relayed);
    stream.start(this.#linkTo(node), writePeerHead(head, { kind: 'request', ...relayed }), options);
    return stream;
  }

  /** Whether an agent at another node is alive; one whose node cannot be asked is taken for alive. */
  async probe(node: string, relayed: Omit<PeerRequest, 'kind' | 'party'>): Promise<boolean> {
    const head = writePeerHead(PROBE, { kind: 'probe', party: 'probe', ...relayed });
    const link = await this.#linkTo(node);
    return new Promise((resolve) => {
      link.open(head, { endOfBody: true }, new ProbeObserver(resolve));
    });
  }

  /** Calls a method of another node. Rejects when it does not respond in time. */
  async call(node: string, call: PeerCall, args: readonly unknown[]): Promise<unknown> {
    return await callPeer(this.#linkTo(node), call, args);
  }

  /** Takes over a connection to the peer address, which may be that of a stranger. `tls` where it comes from another machine. */
  accept(socket: Socket, tls?: PeerTls): void {
    if (this.#isClosed) return void socket.destroy();
    this.#strangers.add(socket, async () => {
      const readable = tls === undefined ? socket : await tls.accept(socket);
      const node = await receivePeer(readable, this.#options.identity);
      this.#serve(readable);
      this.#dialBack(node);
    });
  }

  /** Ends every link once the requests on it are finished. Waits for none that is being dialled: its requests have gone by then. */
  async drain(): Promise<void> {
    await Promise.all([...this.#dialled, ...this.#inbound].map((link) => link.drain()));
  }

  /** Ends every link now. */
  destroy(): void {
    this.#isClosed = true;
    this.#strangers.destroy();
    for (const link of [...this.#dialled, ...this.#inbound]) link.destroy(); // one that is dialled now ends once it is there
  }

  #serve(socket: Duplex): void {
    const { own, methods = NO_METHODS } = this.#options;
    const link = new PeerServerLink(socket, (stream) => {
      const call = readPeerCall(stream.head);
      if (call === undefined) serveRelayed(stream, own);
      else respondToCall(stream, call, methods);
    });
    this.#inbound.add(link);
    if (this.#isClosed) link.destroy();
    void link.closed.then(() => this.#inbound.delete(link));
  }

  // The network between the two works at least from there to here: what was cut may be whole again.
  #dialBack(node: string): void {
    if (this.#isClosed || !this.#unreachable.ids.includes(node)) return;
    this.#backoff.reached(node);
    Promise.resolve(this.#linkTo(node)).catch(() => {}); // #linkTo has told it
  }

  #linkTo(node: string): PeerLink | Promise<PeerLink> {
    const known = this.#links.get(node);
    if (known !== undefined && (known instanceof Promise || !known.draining.aborted)) return known;
    const refusal = this.#backoff.refusal(node);
    if (refusal !== undefined) return Promise.reject(notHere(refusal));
    const dialling = this.#dial(node).then(
      (link) => this.#keep(node, link),
      (error: unknown) => {
        if (this.#links.get(node) === dialling) this.#links.delete(node);
        const { message } = asPosternError(error);
        if (!this.#isClosed) this.#failed(node, message);
        throw notHere(message);
      },
    );
    this.#links.set(node, dialling);
    return dialling;
  }

  #failed(node: string, reason: string): void {
    this.#unreachable.add(node, reason);
    this.#backoff.failed(node, reason);
  }

  #keep(node: string, link: PeerLink): PeerLink {
    this.#unreachable.delete(node);
    this.#backoff.reached(node);
    this.#links.set(node, link);
    this.#dialled.add(link);
    void link.closed.then((reason) => {
      this.#dialled.delete(link);
      if (this.#links.get(node) === link) this.#links.delete(node);
      if (reason !== undefined)
        this.#options.log.info({ node, code: reason.code }, 'the link to another node was lost');
    });
    if (this.#isClosed) link.destroy();
    return link;
  }

  async #dial(id: string): Promise<PeerLink> {
    const node = this.#options.nodeOf(id);
    if (node === undefined || this.#isClosed) throw notHere('there is no such node');
    const { machine, identity } = this.#options;
    const link = new PeerLink(await dialPeer(addressOf(node, machine), identity, id));
    await link.ping(); // its SETTINGS came before: without them it would be asked for no WebSocket (RFC 8441 section 3)
    return link;
  }
}

/** Where this node reaches another one. */
function addressOf({ peer, nearby }: ClusterNode, machine: string | undefined): string {
  return nearby !== undefined && nearby.machine === machine ? nearby.peer : peer;
}

class ProbeObserver implements OutboundObserver {
  readonly #told: (isAlive: boolean) => void;

  constructor(told: (isAlive: boolean) => void) {
    this.#told = told;
  }

  response({ status }: { readonly status: number }): void {
    this.#told(status !== 404);
  }

  failed(_error: PosternError): void {
    this.#told(true);
  }

  informational(): void {}
  data(): void {}
  trailers(): void {}
  end(): void {}
  drain(): void {}
}
