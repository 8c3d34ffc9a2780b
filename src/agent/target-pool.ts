/**
 * Connections to the target: a keep-alive pool for requests and fresh ones for WebSockets and for the one retry. Every
 * connection goes to the configured address. `localhost` is `::1` and `127.0.0.1`, without asking a resolver.
 */
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.js';
import { serverName, type TargetAddress } from './target-address.js';

/** What differs from one request to the next. */
export interface TargetCall {
  readonly method: string;
  readonly path: string;
  /** With `Host` and framing; taken as they are. */
  readonly headers: string[];
  /** `pooled` may reuse a connection; `fresh` never does, and lets each direction end on its own. */
  readonly connection: 'pooled' | 'fresh';
}

// Below the idle limits of the servers that stand behind an agent (gunicorn 2 s, Node and uvicorn 5 s): a connection
// that the target is about to close is never picked. Opening another on loopback costs less than a millisecond.
const IDLE_MS = 1_500;

// Four times the default, since applications set many cookies; what the link carries is limited by the edge.
const MOST_HEADER_BYTES = 64 * 1024;

const lookupLocalhost: LookupFunction = (_hostname, options, callback) => {
  if (options.all !== true) return callback(null, '127.0.0.1', 4);
  const both = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  return callback(null, both);
};

/** The connections of one agent. Owns its sockets until `close()`. */
export class TargetPool {
  readonly #target: TargetAddress;
  readonly #connectTimeoutMs: number;
  readonly #pooled: http.Agent;
  readonly #fresh: http.Agent;

  constructor(target: TargetAddress, options: { readonly connectTimeoutMs: number }) {
    this.#target = target;
    this.#connectTimeoutMs = options.connectTimeoutMs;
    this.#pooled = destroyOnUnaskedBytes(this.#createAgent({ keepAlive: true, timeout: IDLE_MS }));
    // `allowHalfOpen` reaches the socket: a WebSocket's two directions end one after the other.
    this.#fresh = this.#createAgent({ keepAlive: false, allowHalfOpen: true } as http.AgentOptions);
  }

  /**
   * Starts a request. Its `error` is `ERR_TARGET_TIMEOUT` when no connection stands in time; there is no limit on the
   * answer. Throws what `node:http` throws on a method or path that HTTP/1.1 cannot carry.
   */
  request(call: TargetCall): http.ClientRequest {
    const request = (this.#target.scheme === 'https' ? https : http).request({
      host: this.#target.hostname,
      port: this.#target.port,
      method: call.method,
      path: call.path,
      headers: call.headers,
      agent: call.connection === 'fresh' ? this.#fresh : this.#pooled,
      maxHeaderSize: MOST_HEADER_BYTES,
    });
    request.maxHeadersCount = 0; // the size is limited; a limit on the count would drop headers in silence
    this.#limitConnecting(request);
    return request;
  }

  /** Ends every connection at once. */
  close(): void {
    this.#pooled.destroy();
    this.#fresh.destroy();
  }

  #createAgent(options: http.AgentOptions): http.Agent {
    const target = this.#target;
    const connecting = {
      ...options,
      autoSelectFamily: true,
      ...(target.hostname === 'localhost' ? { lookup: lookupLocalhost } : {}),
    };
    if (target.scheme === 'http') return new http.Agent(connecting);
    // Development certificates are self-signed; on loopback nobody stands in between.
    return new https.Agent({ ...connecting, servername: serverName(target), rejectUnauthorized: !target.loopback });
  }

  #limitConnecting(request: http.ClientRequest): void {
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const message = `No connection to the target in ${this.#connectTimeoutMs} ms.`;
      const expire = () => request.destroy(new PosternError('ERR_TARGET_TIMEOUT', message));
      const timer = setTimeout(expire, this.#connectTimeoutMs);
      const stop = () => clearTimeout(timer);
      socket.once(this.#target.scheme === 'https' ? 'secureConnect' : 'connect', stop);
      request.once('close', stop);
    });
  }
}

/**
 * Bytes that come while nothing was asked would be read as the answer to the next visitor's request: the connection
 * that brings them is destroyed.
 */
function destroyOnUnaskedBytes(agent: http.Agent): http.Agent {
  const watched = new WeakMap<Duplex, () => void>();
  const keep: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent);
  const reuse = agent.reuseSocket.bind(agent);
  // The declared type says void; `node:http` reads the result and destroys the socket unless it is true.
  agent.keepSocketAlive = (socket: Duplex): boolean => {
    if (socket.readableLength > 0 || keep(socket) !== true) return false;
    const refuse = () => socket.destroy();
    watched.set(socket, refuse);
    socket.on('data', refuse);
    return true;
  };
  agent.reuseSocket = (socket, request) => {
    const refuse = watched.get(socket);
    if (refuse !== undefined) socket.off('data', refuse);
    reuse(socket, request);
  };
  return agent;
}
