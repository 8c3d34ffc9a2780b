/**
 * Requests that wait for a connection of one kind, in order, and the attempts to open connections for them. Few attempts run
 * at once: a burst would overflow a short listen backlog, and what overflows is lost for a second or for good. An attempt does
 * not belong to a request: an established or idle connection goes to the one that has waited longest.
 */
import type { TargetConnection } from './connection.js';
import type { DialOutcome } from './dialer.js';

/** A request that needs a connection. Exactly one is called, once, and none after `forget`. */
export interface ConnectionUser {
  /** `isFresh`: it has just been opened, so the target has had no time to close it. */
  ready(connection: TargetConnection, isFresh: boolean): void;
  failed(error: unknown): void;
}

/** How a queue dials, and its time limit. */
export interface ConnectQueueOptions {
  /** Begins an attempt and returns a function that cancels it. */
  dial(outcome: DialOutcome): () => void;
  /** A connection was established that no request waits for any more. */
  unused(connection: TargetConnection): void;
  /** The error of a request that has waited for `timeoutMs` while no other was served. */
  timeout(): Error;
  readonly timeoutMs: number;
}

interface Wait {
  readonly sinceMs: number;
  readonly onlyFresh: boolean;
}

// As many as browsers open to one host, and two for an address of a name that does not listen.
const MAX_ATTEMPTS = 8;

// After a refused connection while others are served: some systems refuse what their listen backlog cannot take.
const RETRY_MS = 50;
const SERVING_MS = 1_000;

export class ConnectQueue {
  readonly #options: ConnectQueueOptions;
  readonly #waiting = new Map<ConnectionUser, Wait>();
  readonly #attempts = new Set<() => void>();
  #retry: NodeJS.Timeout | undefined;
  #servedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectQueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Waits for a connection; with `onlyFresh` for a new one. */
  add(user: ConnectionUser, { onlyFresh }: { readonly onlyFresh: boolean }): void {
    this.#waiting.set(user, { sinceMs: performance.now(), onlyFresh });
    this.#dialWaiting();
  }

  forget(user: ConnectionUser): void {
    this.#waiting.delete(user);
  }

  /** The target has served a request: the time limit of those that wait starts again. */
  served(nowMs: number): void {
    this.#servedMs = nowMs;
  }

  /** Gives an idle or fresh connection to the first request that can use it. False when there is none. */
  give(connection: TargetConnection, isFresh: boolean): boolean {
    for (const [user, { onlyFresh }] of this.#waiting) {
      if (onlyFresh && !isFresh) continue;
      this.#waiting.delete(user);
      user.ready(connection, isFresh);
      return true;
    }
    return false;
  }

  /** Ends every attempt and every wait. */
  close(error: Error): void {
    clearTimeout(this.#retry);
    for (const cancel of this.#attempts) cancel();
    this.#attempts.clear();
    const users = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const user of users) user.failed(error);
  }

  #dialWaiting(): void {
    while (this.#retry === undefined && this.#attempts.size < Math.min(MAX_ATTEMPTS, this.#waiting.size)) this.#dial();
  }

  #dial(): void {
    const settle = (next: () => void) => {
      this.#attempts.delete(cancel);
      next();
      this.#dialWaiting();
    };
    const cancel = this.#options.dial({
      connected: (connection) => settle(() => this.#connected(connection)),
      backlogFull: () => settle(() => this.#failOverdue()),
      failed: (error) => settle(() => this.#failed(error)),
    });
    this.#attempts.add(cancel);
  }

  #connected(connection: TargetConnection): void {
    this.served(performance.now());
    if (!this.give(connection, true)) this.#options.unused(connection);
  }

  #failed(error: unknown): void {
    if (this.#isBacklogFull(error)) this.#pauseDialling();
    else this.#failFirst(error);
    this.#failOverdue();
  }

  #isBacklogFull(error: unknown): boolean {
    const code = (error as { readonly code?: unknown } | undefined)?.code;
    if (code === 'EAGAIN') return true; // a unix socket whose backlog is full
    return code === 'ECONNREFUSED' && performance.now() - this.#servedMs < SERVING_MS;
  }

  #failFirst(error: unknown): void {
    const [first] = this.#waiting.keys();
    if (first === undefined) return;
    this.#waiting.delete(first);
    first.failed(error);
  }

  #pauseDialling(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#dialWaiting();
    }, RETRY_MS);
  }

  #failOverdue(): void {
    const { timeoutMs } = this.#options;
    const nowMs = performance.now();
    for (const [user, { sinceMs }] of this.#waiting) {
      if (nowMs - Math.max(sinceMs, this.#servedMs) < timeoutMs) continue;
      this.#waiting.delete(user);
      user.failed(this.#options.timeout());
    }
  }
}
