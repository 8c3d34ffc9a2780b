/**
 * The public front of an edge: the sockets on which it listens, and the server of each protocol that their connections are
 * given to.
 */
import type { Socket } from 'node:net';
import type { EdgeConfig } from '../config/edge-config.js';
import type { InheritedSocket } from '../config/endpoints.js';
import type { Observer } from './ops/observer.js';
import { markLocal, proxyCheck } from './request/client-address.js';
import { type ConnectionCount, createVisitorServer, serve } from './visitors/http1/listener.js';
import type { Http1Requests } from './visitors/http1/requests.js';
import { type Listener, Listeners } from './visitors/listen/listeners.js';

// How often a closing front looks for connections that have become idle.
const SWEEP_MS = 100;

export interface FrontOptions {
  readonly inherited: readonly InheritedSocket[];
  readonly requests: Http1Requests;
  readonly observer: Observer;
  readonly connections: ConnectionCount;
}

export class Front {
  readonly #listeners: Listeners;
  readonly #server: ReturnType<typeof createVisitorServer>;

  private constructor(listeners: Listeners, server: ReturnType<typeof createVisitorServer>) {
    this.#listeners = listeners;
    this.#server = server;
  }

  /** Listens on all addresses, or rejects with a `ListenError` and listens on none. */
  static async open(config: EdgeConfig, { inherited, requests, observer, connections }: FrontOptions): Promise<Front> {
    const server = createVisitorServer(requests, observer, proxyCheck(config.trustProxy));
    const accept = (socket: Socket, { isLocal }: Listener) => {
      if (!connections.add(socket)) return void socket.destroy();
      if (isLocal) markLocal(socket);
      serve(server, socket);
    };
    try {
      return new Front(await Listeners.open({ endpoints: config.listen, inherited, accept }), server);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** The first port; 0 when there are Unix sockets only. */
  get port(): number {
    return this.#listeners.all.find(({ port }) => port !== undefined)?.port ?? 0;
  }

  /** Every address, as in `POSTERN_LISTEN`. */
  get addresses(): readonly string[] {
    return this.#listeners.all.map(({ text }) => text);
  }

  /** Stops listening at once, and closes what is idle; resolves once every connection has ended. */
  async close(): Promise<void> {
    const stopped = this.#listeners.close();
    this.#server.closeIdleConnections();
    // A connection whose request has just finished is idle only now, and would otherwise be kept alive.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS);
    await stopped;
    clearInterval(sweep);
    this.#server.close();
  }

  /** Ends the connections of requests. Those that were upgraded have other owners. */
  destroy(): void {
    this.#server.closeAllConnections();
  }
}
