/**
 * Opens connections to the target, one attempt each. Every connection goes to the configured address: `localhost` and the
 * names below it are `::1` and `127.0.0.1`, without asking a resolver (RFC 6761 section 6.3).
 */
import net, { type LookupFunction, type Socket } from 'node:net';
import tls from 'node:tls';
import { PosternError } from '../../errors.js';
import { isLocalhostName, serverName, type TargetAddress } from './address.js';
import { type ConnectionOwner, TargetConnection } from './connection.js';
import type { ProcessServer } from './process-server.js';

/** `detachable`: its socket can be detached for an upgrade, and its directions end separately. */
export type ConnectionKind = 'plain' | 'detachable';

/** The outcome of an attempt: exactly one is called, once, and none after it was cancelled. */
export interface DialOutcome {
  connected(connection: TargetConnection): void;
  /** The target's listen backlog is full: its kernel dropped the SYN. Nothing was sent. */
  backlogFull(): void;
  failed(error: unknown): void;
}

type DialAddress =
  | { path: string }
  | { host: string; port: number; noDelay: true; autoSelectFamily: true; lookup?: LookupFunction };

// The most that libuv reads at once.
const READ_BYTES = 64 * 1024;

// A loopback connection is established within the system call; otherwise its SYN was dropped, and the kernel would wait for a
// second to send it again.
const BACKLOG_CHECK_MS = 50;

const lookupLocalhost: LookupFunction = (_hostname, options, callback) => {
  if (options.all !== true) return callback(null, '127.0.0.1', 4);
  const both = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  return callback(null, both);
};

export class TargetDialer {
  readonly #target: TargetAddress;
  readonly #timeoutMs: number;
  // Shared by all connections: bytes are parsed or copied before the next read.
  readonly #readBytes = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(target: TargetAddress, timeoutMs: number) {
    this.#target = target;
    this.#timeoutMs = timeoutMs;
  }

  /** Begins an attempt; an established connection belongs to `owner`. Returns a function that cancels the attempt. */
  dial(kind: ConnectionKind, owner: ConnectionOwner, outcome: DialOutcome): () => void {
    const { server } = this.#target;
    if (server !== undefined) return connectWithin(server, owner, outcome);
    const reader = { receive: (_bytes: Buffer): void => {} };
    const socket = this.#open(kind, reader);
    const settle = (report?: () => void) => {
      for (const timer of timers) clearTimeout(timer);
      socket.off(connected, onConnected).off('error', failed).off('close', onClose);
      if (report !== undefined) return report();
      socket.on('error', () => {}).destroy(); // cancelled
    };
    const fail = (error: unknown) => {
      settle();
      outcome.failed(error);
    };
    const onConnected = () =>
      settle(() => {
        const connection = new TargetConnection(socket, owner);
        reader.receive = (bytes) => connection.receive(bytes);
        outcome.connected(connection);
      });
    const failed = (error: Error) => fail(error);
    const onClose = () => fail(Object.assign(new Error('the target closed the connection'), { code: 'ECONNRESET' }));
    const connected = this.#target.scheme === 'https' ? 'secureConnect' : 'connect';
    const backlogFull = () => {
      if (!socket.connecting) return;
      settle();
      outcome.backlogFull();
    };
    const timers = [setTimeout(() => fail(this.timeout()), this.#timeoutMs)];
    // Two turns later: this process may have been the busy one, and a name may have two addresses whose events wait.
    const check = () => setImmediate(() => setImmediate(backlogFull));
    if (this.#target.loopback) timers.push(setTimeout(check, BACKLOG_CHECK_MS));
    socket.once(connected, onConnected).once('error', failed).once('close', onClose);
    return () => settle();
  }

  /** The error of a request that got no connection in time. */
  timeout(): PosternError {
    return new PosternError(
      'ERR_TARGET_TIMEOUT',
      `${this.#target.displayName} accepts no connection: none was established within ${this.#timeoutMs} ms`,
    );
  }

  #open(kind: ConnectionKind, reader: { receive(bytes: Buffer): void }): Socket {
    const address = this.#address();
    const detachable = { ...address, allowHalfOpen: true };
    if (this.#target.scheme === 'https') return tls.connect({ ...detachable, ...this.#tlsOptions() });
    if (kind === 'detachable') return net.connect(detachable);
    // Bypasses the stream machinery, which would cost a small response more than parsing it.
    const callback = (count: number, bytes: Uint8Array) => {
      reader.receive((bytes as Buffer).subarray(0, count));
      return true;
    };
    return net.connect({ ...address, onread: { buffer: this.#readBytes, callback } });
  }

  #address(): DialAddress {
    const { hostname, port, socketPath } = this.#target;
    if (socketPath !== undefined) return { path: socketPath };
    const address = { host: hostname, port, noDelay: true, autoSelectFamily: true } as const;
    return isLocalhostName(hostname) ? { ...address, lookup: lookupLocalhost } : address;
  }

  // Development certificates are self-signed; on loopback no one can intercept the connection.
  #tlsOptions(): tls.ConnectionOptions {
    const { ca, isVerified } = this.#target;
    return { servername: serverName(this.#target), rejectUnauthorized: isVerified, ...(ca !== undefined && { ca }) };
  }
}

/** As an attempt whose outcome is known at once, told in a later turn like that of any other. */
function connectWithin(server: ProcessServer, owner: ConnectionOwner, outcome: DialOutcome): () => void {
  const turn = setImmediate(() => {
    try {
      outcome.connected(new TargetConnection(server.connect(), owner));
    } catch (error) {
      outcome.failed(error);
    }
  });
  return () => clearImmediate(turn);
}
