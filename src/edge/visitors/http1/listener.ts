/** The HTTP/1.1 servers of an edge: how they are set up, start listening and are closed. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { STRICT_PARSER } from '../../../http/strict-http.js';
import type { Observer } from '../../ops/observer.js';
import * as limits from '../../request/limits.js';
import { clientErrorListener } from './client-error.js';
import { HeadBudget } from './head-budget.js';
import { VisitorRequest } from './header-lookup.js';
import type { Http1Requests } from './requests.js';

/**
 * The server of visitors and agents, with the limits of `limits.ts`. It does not listen: it is given the connections of all
 * sockets of the edge (`serve`), so that what it bounds is bounded for all of them together.
 */
export function createVisitorServer(
  requests: Http1Requests,
  observer: Observer,
  isProxy: (address: string) => boolean,
): Server {
  const server = createServer({
    ...STRICT_PARSER,
    IncomingMessage: VisitorRequest,
    maxHeaderSize: limits.MAX_HEADER_BYTES,
    requireHostHeader: false, // checked by us: Node's own refusal is a response without a word
    headersTimeout: limits.HEADERS_TIMEOUT_MS,
    requestTimeout: 0, // covers the body too, and an upload may take as long as it takes
    keepAliveTimeout: limits.KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: limits.CHECK_INTERVAL_MS,
  });
  server.maxHeadersCount = limits.MAX_HEADERS + 1; // one past ours: what Node drops in silence is refused by us
  requests.listenTo(server);
  server.on('clientError', clientErrorListener(observer));
  new HeadBudget(server, {
    isProxy,
    cut: (address) => observer.emit({ kind: 'over-budget', budget: 'unfinished heads', address }),
  });
  server.emit('listening'); // starts its clocks: it looks for slow heads from the moment in which it listens
  return server;
}

/** Gives a connection to a server that does not listen itself. Takes over the socket. */
export function serve(server: Server, socket: Socket): void {
  server.emit('connection', socket);
}

/** Resolves once the server listens; rejects with the system's error. */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Stops listening; resolves once every connection is closed. Idle ones are closed at once. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port; // a server that listens on a port has such an address
}
