/**
 * The links between this node and the others: one that was dialled to each node whose agents it needs, and those that other nodes
 * have dialled, whose requests go to the agents of this node.
 */
import { connect, type Socket } from 'node:net';
import type { Log } from '../core/log.js';
import { asPosternError, type PosternError } from '../errors.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../http/exchange.js';
import type { ClusterNode } from './directory.js';
import { greetPeer, type PeerIdentity, receivePeer } from './peer-handshake.js';
import { PeerLink, PeerServerLink } from './peer-link.js';
import { type OwnLinks, serveRelayed } from './relay.js';
import { notHere, type PeerRequest, writePeerHead } from './relay-protocol.js';
import { RelayedStream } from './relayed-stream.js';

export interface PeersOptions {
  readonly identity: PeerIdentity;
  /** The node of an id, as long as it lives. */
  readonly nodeOf: (id: string) => ClusterNode | undefined;
  readonly own: OwnLinks;
  readonly log: Log;
}

// Those that have not proved themselves: each costs a socket for some seconds.
const MAX_STRANGERS = 100;

/** What a probe's exchange says of the tunnel is in our own field. */
const PROBE: RequestHead = { method: 'GET', scheme: 'http', authority: 'peer', path: '/', headers: [] };

export class Peers {
  readonly #options: PeersOptions;
  readonly #links = new Map<string, PeerLink | Promise<PeerLink>>();
  readonly #inbound = new Set<PeerServerLink>();
  readonly #strangers = new Set<Socket>();
  #isClosed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Opens a request at another node. Never throws: what fails is told to the observer. */
  open(
    node: string,
    { head, ...relayed }: Omit<PeerRequest, 'kind'> & { readonly head: RequestHead },
    options: OpenOptions,
    observer: OutboundObserver,
  ): OutboundStream {
    const stream = new RelayedStream(observer);
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

  /** Takes over a connection to the peer address, which may be that of a stranger. */
  accept(socket: Socket): void {
    if (this.#isClosed || this.#strangers.size >= MAX_STRANGERS) return void socket.destroy();
    this.#strangers.add(socket);
    receivePeer(socket, this.#options.identity)
      .then(() => this.#serve(socket))
      .catch((error: unknown) => {
        socket.destroy();
        this.#options.log.warn({ code: asPosternError(error).code }, 'a connection of no node was refused');
      })
      .finally(() => this.#strangers.delete(socket));
  }

  /** Ends every link once the requests on it are finished. */
  async drain(): Promise<void> {
    const outbound = await Promise.allSettled(this.#links.values());
    const links = outbound.flatMap((link) => (link.status === 'fulfilled' ? [link.value] : []));
    await Promise.all([...links, ...this.#inbound].map((link) => link.drain()));
  }

  /** Ends every link now. */
  destroy(): void {
    this.#isClosed = true;
    for (const socket of this.#strangers) socket.destroy();
    for (const link of this.#inbound) link.destroy();
    for (const link of this.#links.values())
      void Promise.resolve(link).then(
        (opened) => opened.destroy(),
        () => {}, // it was not opened
      );
  }

  #serve(socket: Socket): void {
    const link = new PeerServerLink(socket, (stream) => serveRelayed(stream, this.#options.own));
    this.#inbound.add(link);
    if (this.#isClosed) link.destroy();
    void link.closed.then(() => this.#inbound.delete(link));
  }

  #linkTo(node: string): PeerLink | Promise<PeerLink> {
    const known = this.#links.get(node);
    if (known !== undefined && (known instanceof Promise || !known.draining.aborted)) return known;
    const dialling = this.#dial(node).then(
      (link) => this.#keep(node, link),
      (error: unknown) => {
        if (this.#links.get(node) === dialling) this.#links.delete(node);
        throw notHere(asPosternError(error).message);
      },
    );
    this.#links.set(node, dialling);
    return dialling;
  }

  #keep(node: string, link: PeerLink): PeerLink {
    this.#links.set(node, link);
    void link.closed.then((reason) => {
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
    const socket = await openSocket(node.peer);
    await greetPeer(socket, this.#options.identity, id);
    const link = new PeerLink(socket);
    await link.ping(); // its SETTINGS came before: without them it would be asked for no WebSocket (RFC 8441 section 3)
    return link;
  }
}

function openSocket(peer: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: peer.replace(/^unix:/, '') });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
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
