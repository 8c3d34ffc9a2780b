/**
 * The public front of an edge: the sockets on which it listens, TLS on them, and the server of each protocol that their
 * connections are given to.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { EdgeConfig } from '../config/edge-config.js';
import type { InheritedSocket } from '../config/endpoints.js';
import type { Log } from '../core/log.js';
import type { Store } from '../store/store.js';
import type { EdgeEvent } from './ops/events.js';
import type { Observer } from './ops/observer.js';
import { markLocal, peerAddress, proxyCheck } from './request/client-address.js';
import { withPatience } from './store-patience.js';
import { EdgeTls } from './tls/edge-tls.js';
import { createRedirectServer } from './visitors/http1/https-redirect.js';
import { createVisitorServer, serve } from './visitors/http1/listener.js';
import type { Http1Requests } from './visitors/http1/requests.js';
import type { Http2Connections } from './visitors/http2/connections.js';
import { requireHttp1 } from './visitors/http2/http1-required.js';
import type { ConnectionCount } from './visitors/listen/connection-count.js';
import type { HandedOut } from './visitors/listen/handed-out.js';
import { Handshakes } from './visitors/listen/handshakes.js';
import { type Listener, Listeners } from './visitors/listen/listeners.js';
import { UndecidedConnections } from './visitors/listen/prior-knowledge.js';

// How often a closing front looks for connections that have become idle.
const SWEEP_MS = 100;

export interface FrontOptions {
  readonly inherited: readonly InheritedSocket[];
  /** Undefined where this process listens itself. */
  readonly handedOut: HandedOut | undefined;
  readonly requests: Http1Requests;
  readonly http2: Http2Connections;
  readonly observer: Observer;
  readonly connections: ConnectionCount;
  readonly store: Store;
  readonly log: Log;
}

type HttpServer = ReturnType<typeof createVisitorServer>;

export class Front {
  readonly #options: FrontOptions;
  readonly #server: HttpServer;
  /** Of plain sockets beside those with TLS. */
  readonly #redirects: HttpServer | undefined;
  readonly #isProxy: (address: string) => boolean;
  readonly #tls: EdgeTls | undefined;
  readonly #handshakes: Handshakes | undefined;
  readonly #undecided: UndecidedConnections;
  #listeners: Listeners | undefined;

  private constructor(config: EdgeConfig, options: FrontOptions) {
    const { requests, observer, store, log } = options;
    const hasTls = config.listen.some(({ scheme }) => scheme === 'https');
    this.#options = options;
    this.#isProxy = proxyCheck(config.trustProxy);
    this.#tls = hasTls ? new EdgeTls(config, store, log) : undefined;
    this.#server = createVisitorServer(requests, observer, this.#isProxy);
    const proofs = this.#tls?.proofs;
    const proofAt = proofs?.proofAt ?? (() => undefined);
    this.#redirects = hasTls ? createRedirectServer({ base: config.base, observer, proofAt }) : undefined;
    this.#handshakes =
      this.#tls &&
      new Handshakes({
        contextFor: this.#tls.contextFor,
        ...(proofs && { proofFor: proofs.proofFor }),
        protocols: ['h2', 'http/1.1'],
        observer,
        isProxy: this.#isProxy,
        accept: (socket) => this.#acceptSecure(socket),
      });
    this.#undecided = new UndecidedConnections({
      http1: (socket) => serve(this.#isInClear(socket) ? (this.#redirects ?? this.#server) : this.#server, socket),
      http2: (socket, early) => this.#acceptHttp2(socket, early),
    });
  }

  /**
   * Listens on all addresses, or rejects with a `ListenError` and listens on none. Throws `ERR_CONFIG_INVALID` for a certificate
   * that cannot be used, and `ERR_STORE_UNAVAILABLE` when a shared store stays away before those that it has are read.
   */
  static async open(config: EdgeConfig, options: FrontOptions): Promise<Front> {
    const front = new Front(config, options);
    try {
      await front.#listen(config, options.inherited);
      await withPatience(options.store, async () => front.#tls?.start());
      return front;
    } catch (error) {
      front.destroy();
      void front.close(); // without waiting for the connections of agents, which others end
      await front.#tls?.close();
      throw error;
    }
  }

  /** The first port; 0 when there are Unix sockets only. */
  get port(): number {
    return this.#all.find(({ port }) => port !== undefined)?.port ?? 0;
  }

  /** Every address, as in `POSTERN_LISTEN`. */
  get addresses(): readonly string[] {
    return this.#all.map(({ text }) => text);
  }

  /** When the first certificate in use ends, in milliseconds since the epoch; undefined when TLS ends elsewhere. */
  get firstNotAfterMs(): number | undefined {
    const states = this.#tls?.states ?? [];
    return states.length === 0 ? undefined : Math.min(...states.map(({ notAfterMs }) => notAfterMs));
  }

  /** How many certificates could not be obtained when the edge last tried; undefined when TLS ends elsewhere. */
  get failingCertificates(): number | undefined {
    return this.#tls?.failing;
  }

  /** Follows which tunnels are online: each may need a certificate. */
  on(event: EdgeEvent): void {
    this.#tls?.on(event);
  }

  /** Reads the files of the certificate now. */
  reload(): void {
    this.#tls?.reload();
  }

  /** Stops listening at once, and closes what is idle; resolves once every connection has ended. */
  async close(): Promise<void> {
    const stopped = Promise.all([this.#listeners?.close(), this.#connectionsEnd(), this.#options.http2.drain()]);
    this.#undecided.close();
    this.#closeIdle();
    // A connection whose request has just finished is idle only now, and would otherwise be kept alive.
    const sweep = setInterval(() => this.#closeIdle(), SWEEP_MS);
    await stopped;
    clearInterval(sweep);
    for (const server of this.#servers) server.close();
    await this.#tls?.close();
  }

  /** After `close`: resolves once the last request over HTTP/2 has arrived, which was on its way then. HTTP/1.1 has no such end. */
  lastRequest(): Promise<void> {
    return this.#options.http2.lastRequest();
  }

  /** Ends the connections of requests. Those that were upgraded have other owners. */
  destroy(): void {
    this.#handshakes?.destroy();
    this.#undecided.close();
    this.#options.http2.destroy();
    for (const server of this.#servers) server.closeAllConnections();
  }

  get #all(): readonly Listener[] {
    return this.#listeners?.all ?? this.#options.handedOut?.listeners ?? [];
  }

  get #servers(): readonly HttpServer[] {
    return this.#redirects === undefined ? [this.#server] : [this.#server, this.#redirects];
  }

  async #listen({ listen: endpoints }: EdgeConfig, inherited: readonly InheritedSocket[]): Promise<void> {
    const accept = (socket: Socket, listener: Listener) => this.#accept(socket, listener);
    if (this.#options.handedOut !== undefined) this.#options.handedOut.start(accept);
    else this.#listeners = await Listeners.open({ endpoints, inherited, accept });
  }

  #accept(socket: Socket, { scheme, isLocal }: Listener): void {
    const { connections, observer } = this.#options;
    if (isLocal) markLocal(socket);
    if (!connections.add(socket)) {
      observer.emit({ kind: 'over-budget', budget: 'connections', address: peerAddress(socket) });
      return void socket.destroy();
    }
    if (scheme === 'https') this.#handshakes?.accept(socket);
    else this.#undecided.add(socket);
  }

  #acceptSecure(socket: TLSSocket): void {
    if (socket.alpnProtocol !== 'h2') serve(this.#server, socket);
    else this.#options.http2.accept(socket, { peer: peerAddress(socket), isSecure: true });
  }

  #acceptHttp2(socket: Socket, early: Buffer): void {
    if (this.#isInClear(socket))
      requireHttp1(socket); // for a redirect
    else this.#options.http2.accept(socket, { peer: peerAddress(socket), isSecure: false, early });
  }

  /** Whether a connection is that of a visitor without TLS, where the edge has it: a proxy may have ended TLS itself. */
  #isInClear(socket: Socket): boolean {
    return this.#redirects !== undefined && !this.#isProxy(peerAddress(socket));
  }

  /** Of connections that were handed out no server of this process counts how many are left. */
  #connectionsEnd(): Promise<void> | undefined {
    return this.#options.handedOut === undefined ? undefined : this.#options.connections.none();
  }

  #closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections();
  }
}
