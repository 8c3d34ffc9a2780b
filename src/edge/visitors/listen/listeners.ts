/**
 * The sockets on which the front door listens: all of them, or none. The caller decides what becomes of their connections.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint, InheritedSocket } from '../../../config/endpoints.js';
import { ListenError } from '../../../config/listen-error.js';
import * as limits from '../../request/limits.js';
import { inheritedBy } from './inherited.js';
import { clearPath, listenOnPath } from './unix-socket.js';

/** What is known of the connections of a socket before their first byte. */
export interface Listener {
  readonly scheme: 'http' | 'https';
  /** Connections come from programs of this machine, over a Unix socket: they have no address. */
  readonly isLocal: boolean;
  /** As the operator wrote it, with the port that the system chose. */
  readonly text: string;
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
}

export interface ListenOptions {
  readonly endpoints: readonly Endpoint[];
  readonly inherited: readonly InheritedSocket[];
  /** Nothing is read of a connection before it is taken over: another process will. */
  readonly isPaused?: boolean;
  /** Takes over each connection. */
  readonly accept: (socket: Socket, listener: Listener) => void;
}

/** The open sockets of an edge. */
export class Listeners {
  readonly all: readonly Listener[];
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[], all: readonly Listener[]) {
    this.#servers = servers;
    this.all = all;
  }

  /** Resolves when all of them listen. Rejects with a `ListenError`, and none does. */
  static async open({ endpoints, inherited, isPaused = false, accept }: ListenOptions): Promise<Listeners> {
    const servers: Server[] = [];
    const listeners: Listener[] = [];
    try {
      for (const endpoint of endpoints.flatMap((one) => inheritedBy(one, inherited))) {
        const server = createVisitorSocket(isPaused);
        await listen(server, endpoint).catch((error: unknown) => {
          throw new ListenError('POSTERN_LISTEN', endpoint.text, error);
        });
        const listener = describe(server, endpoint);
        server.on('connection', (socket: Socket) => accept(socket, listener));
        servers.push(server);
        listeners.push(listener);
      }
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    return new Listeners(servers, listeners);
  }

  /** Stops listening; resolves once every connection has ended. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function createVisitorSocket(pauseOnConnect: boolean): Server {
  const server = createServer({
    pauseOnConnect,
    allowHalfOpen: true, // a client may end its side behind the last request
    noDelay: true,
    keepAlive: true, // a visitor who vanishes without a word is found, also behind a stream that is silent for hours
    keepAliveInitialDelay: limits.KEEP_ALIVE_PROBE_MS,
  });
  server.maxConnections = limits.MAX_CONNECTIONS;
  return server;
}

async function listen(server: Server, endpoint: Endpoint): Promise<void> {
  if (endpoint.kind === 'unix') await clearPath(endpoint.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    begin(server, endpoint);
  });
}

function begin(server: Server, endpoint: Endpoint): void {
  switch (endpoint.kind) {
    case 'tcp': {
      const { host, port } = endpoint;
      server.listen({ port, ...(host !== '*' && { host }) });
      break;
    }
    case 'unix':
      listenOnPath(server, endpoint.path, endpoint.mode);
      break;
    case 'inherited':
      server.listen({ fd: endpoint.fd });
  }
}

function describe(server: Server, { text, scheme, kind }: Endpoint): Listener {
  const address = server.address();
  const isLocal = address === null || typeof address === 'string';
  const port = isLocal ? undefined : (address as AddressInfo).port;
  return { scheme, isLocal, port, text: kind === 'tcp' ? text.replace(/:0$/, `:${port}`) : text };
}
