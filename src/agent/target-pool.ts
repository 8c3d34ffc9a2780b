/**
 * Connections to the target, kept for the next request while they are fresh. Every connection goes to the configured
 * address. `localhost` is `::1` and `127.0.0.1`, without asking a resolver. However many requests run at once, none waits
 * for another's connection: how many there are is limited at the edge.
 */
import net, { type LookupFunction, type Socket } from 'node:net';
import tls from 'node:tls';
import { PosternError } from '../errors.js';
import { serverName, type TargetAddress } from './target-address.js';
import { type ConnectionOwner, TargetConnection } from './target-connection.js';

// Below the idle limits of the servers that stand behind an agent (gunicorn 2 s, Node and uvicorn 5 s): a connection
// that the target is about to close is never picked. Opening another on loopback costs less than a millisecond.
const IDLE_MS = 1_500;
// As many as `node:http` keeps.
const MOST_IDLE = 256;
// What libuv reads at most at once.
const READ_BYTES = 64 * 1024;

const lookupLocalhost: LookupFunction = (_hostname, options, callback) => {
  if (options.all !== true) return callback(null, '127.0.0.1', 4);
  const both = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  return callback(null, both);
};

interface IdleConnection {
  readonly connection: TargetConnection;
  readonly sinceMs: number;
}

/** The connections of one agent. Owns them until `close()`. */
export class TargetPool implements ConnectionOwner {
  readonly #target: TargetAddress;
  readonly #connectTimeoutMs: number;
  readonly #open = new Set<TargetConnection>();
  /** The oldest first. */
  #idle: IdleConnection[] = [];
  #sweep: NodeJS.Timeout | undefined;
  // One for all connections: what is read is read out, or copied, before the next one reads.
  readonly #readBytes = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(target: TargetAddress, options: { readonly connectTimeoutMs: number }) {
    this.#target = target;
    this.#connectTimeoutMs = options.connectTimeoutMs;
  }

  /** A connection that idles, the one that was used last, or a new one. */
  take(): TargetConnection {
    const kept = this.#idle.pop();
    if (kept === undefined) return this.connect();
    if (performance.now() - kept.sinceMs < IDLE_MS) return kept.connection;
    kept.connection.destroy();
    return this.take();
  }

  /** A new connection. Its request fails with `ERR_TARGET_TIMEOUT` when it does not stand in time. */
  connect(): TargetConnection {
    if (this.#target.scheme === 'https') return this.connectDuplex();
    let receive = (_bytes: Buffer): void => {};
    // Past the machinery of streams, which costs a small answer more than reading it does.
    const callback = (count: number, bytes: Uint8Array) => {
      receive((bytes as Buffer).subarray(0, count));
      return true;
    };
    const socket = net.connect({ ...this.#address(), onread: { buffer: this.#readBytes, callback } });
    const connection = this.#own(socket, 'connect');
    receive = (bytes) => connection.receive(bytes);
    return connection;
  }

  /** A new connection whose socket can be detached; each of its directions ends on its own. */
  connectDuplex(): TargetConnection {
    const options = { ...this.#address(), allowHalfOpen: true };
    const isTls = this.#target.scheme === 'https';
    const socket = isTls ? tls.connect({ ...options, ...this.#tlsOptions() }) : net.connect(options);
    return this.#own(socket, isTls ? 'secureConnect' : 'connect');
  }

  /** Ends every connection at once. */
  close(): void {
    for (const connection of this.#open) connection.fail(new PosternError('ERR_TARGET_REFUSED', 'The agent ends.'));
    clearTimeout(this.#sweep);
  }

  idle(connection: TargetConnection): void {
    if (this.#idle.length >= MOST_IDLE) connection.destroy();
    else this.#idle.push({ connection, sinceMs: performance.now() });
    this.#sweep ??= setTimeout(() => this.#sweepIdle(), IDLE_MS);
  }

  closed(connection: TargetConnection): void {
    if (!this.#open.delete(connection)) return;
    const at = this.#idle.findIndex((kept) => kept.connection === connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  #address(): { host: string; port: number; noDelay: true; autoSelectFamily: true; lookup?: LookupFunction } {
    const { hostname, port } = this.#target;
    const address = { host: hostname, port, noDelay: true, autoSelectFamily: true } as const;
    return hostname === 'localhost' ? { ...address, lookup: lookupLocalhost } : address;
  }

  // Development certificates are self-signed; on loopback nobody stands in between.
  #tlsOptions(): tls.ConnectionOptions {
    return { servername: serverName(this.#target), rejectUnauthorized: !this.#target.loopback };
  }

  #own(socket: Socket, stands: 'connect' | 'secureConnect'): TargetConnection {
    const connection = new TargetConnection(socket, this);
    this.#open.add(connection);
    const message = `No connection to the target in ${this.#connectTimeoutMs} ms.`;
    const expire = () => connection.fail(new PosternError('ERR_TARGET_TIMEOUT', message));
    const timer = setTimeout(expire, this.#connectTimeoutMs);
    const stop = () => clearTimeout(timer);
    socket.once(stands, stop);
    socket.once('close', stop);
    return connection;
  }

  // One timer for all: to arm one with each answer would cost more than it saves.
  #sweepIdle(): void {
    const longestMs = performance.now() - IDLE_MS;
    for (const { connection, sinceMs } of [...this.#idle]) if (sinceMs <= longestMs) connection.destroy();
    this.#sweep = this.#idle.length === 0 ? undefined : setTimeout(() => this.#sweepIdle(), IDLE_MS / 2);
  }
}
