/**
 * Connections to the target, kept for the next request while they are fresh. No request waits for the response to another
 * one, only for its turn to connect: the edge limits how many requests run at once.
 */
import { PosternError } from '../../errors.js';
import type { TargetAddress } from './address.js';
import { type ConnectionUser, ConnectQueue } from './connect-queue.js';
import type { ConnectionOwner, TargetConnection } from './connection.js';
import { type ConnectionKind, TargetDialer } from './dialer.js';

// Below the idle timeouts of usual targets (gunicorn 2 s, Node and uvicorn 5 s): a connection that the target is about to
// close is never picked. Opening another on loopback costs less than a millisecond.
const IDLE_MS = 1_500;
// As many as `node:http` keeps.
const MAX_IDLE = 256;
// How long a connection must be silent after a response that has no body by its status alone: a target that sends a body
// anyway sends it immediately.
const QUIET_MS = 100;

interface IdleConnection {
  readonly connection: TargetConnection;
  readonly sinceMs: number;
}

/** The connections of one agent. Owns them until `close()`. */
export class TargetPool implements ConnectionOwner {
  readonly #dialer: TargetDialer;
  readonly #plain: ConnectQueue;
  readonly #detachable: ConnectQueue;
  readonly #open = new Set<TargetConnection>();
  /** The oldest first. */
  #idle: IdleConnection[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #cancelProbe: () => void = () => {};

  constructor(target: TargetAddress, { connectTimeoutMs }: { readonly connectTimeoutMs: number }) {
    const dialer = new TargetDialer(target, connectTimeoutMs);
    this.#dialer = dialer;
    const queue = (kind: ConnectionKind) =>
      new ConnectQueue({
        dial: (outcome) => dialer.dial(kind, this, outcome),
        unused: (connection) => this.#keep(connection, performance.now()),
        timeout: () => dialer.timeout(),
        timeoutMs: connectTimeoutMs,
      });
    this.#plain = queue('plain');
    this.#detachable = queue('detachable');
  }

  /** Whether no request has a connection or waits for one. */
  get isUnused(): boolean {
    return this.#open.size === this.#idle.length && this.#plain.isEmpty && this.#detachable.isEmpty;
  }

  /** An idle connection, the most recently used, or a new one. For requests that may be repeated. */
  acquire(user: ConnectionUser): void {
    const kept = this.#pickIdle();
    if (kept === undefined) this.#plain.add(user, { onlyFresh: false });
    else user.ready(kept, false);
  }

  /**
   * A new connection, for a request that must not be sent on one that the target may just have closed. The oldest idle one is
   * closed for it: a target that serves one connection at a time would not accept the new one.
   */
  acquireFresh(user: ConnectionUser): void {
    this.#idle[0]?.connection.destroy();
    this.#plain.add(user, { onlyFresh: true });
  }

  /** A new connection whose socket can be detached. */
  acquireDetachable(user: ConnectionUser): void {
    this.#detachable.add(user, { onlyFresh: true });
  }

  /** Opens a connection and closes it, without a request on it. Resolves with what failed. */
  probe(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#cancelProbe = this.#dialer.dial('plain', this, {
        connected: (connection) => {
          connection.destroy();
          resolve(undefined);
        },
        backlogFull: () => resolve(undefined),
        failed: resolve,
      });
    });
  }

  /** The user no longer waits for a connection. */
  forget(user: ConnectionUser): void {
    this.#plain.forget(user);
    this.#detachable.forget(user);
  }

  /** Ends every connection at once. */
  close(): void {
    const error = new PosternError('ERR_TARGET_REFUSED', 'The agent ends.');
    this.#cancelProbe();
    this.#plain.close(error);
    this.#detachable.close(error);
    for (const connection of this.#open) connection.fail(error);
    clearTimeout(this.#sweep);
  }

  opened(connection: TargetConnection): void {
    this.#open.add(connection);
  }

  idle(connection: TargetConnection): void {
    const nowMs = performance.now();
    this.#plain.served(nowMs);
    if (connection.isEndCertain) this.#reuse(connection, nowMs);
    else setTimeout(() => this.#open.has(connection) && this.#reuse(connection, nowMs), QUIET_MS).unref();
  }

  closed(connection: TargetConnection): void {
    if (!this.#open.delete(connection)) return;
    this.#plain.served(performance.now());
    const at = this.#idle.findIndex((kept) => kept.connection === connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  #reuse(connection: TargetConnection, sinceMs: number): void {
    if (!this.#plain.give(connection, false)) this.#keep(connection, sinceMs);
  }

  #keep(connection: TargetConnection, sinceMs: number): void {
    if (this.#idle.length >= MAX_IDLE) {
      connection.destroy();
      return;
    }
    this.#idle.push({ connection, sinceMs });
    this.#sweep ??= setTimeout(() => this.#sweepIdle(), IDLE_MS);
  }

  #pickIdle(): TargetConnection | undefined {
    const kept = this.#idle.pop();
    if (kept === undefined || performance.now() - kept.sinceMs < IDLE_MS) return kept?.connection;
    kept.connection.destroy();
    return this.#pickIdle();
  }

  // One timer for all: a timer for each response would cost more than it saves.
  #sweepIdle(): void {
    const maxMs = performance.now() - IDLE_MS;
    for (const { connection, sinceMs } of [...this.#idle]) if (sinceMs <= maxMs) connection.destroy();
    this.#sweep = this.#idle.length === 0 ? undefined : setTimeout(() => this.#sweepIdle(), IDLE_MS / 2);
  }
}
