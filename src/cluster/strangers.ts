/**
 * Connections to a peer address that have not proved themselves yet. Each costs a socket for some seconds, so there are so many at
 * once, and so many of one address; what they say is in the log once in a while, and not as often as they like.
 */
import type { Socket } from 'node:net';
import type { Log } from '../core/log.js';
import { asPosternError } from '../errors.js';

/** At once. */
export const MAX_STRANGERS = 256;

/** Of one address at once: all workers of a machine may come in the same moment. */
export const MAX_STRANGERS_OF_ONE = 64;

const WARN_INTERVAL_MS = 10_000;

export class Strangers {
  readonly #log: Log;
  readonly #all = new Map<Socket, string>();
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  #refused = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Counts a connection until its proof is complete. Ends one that has none, and one that there is no room for. */
  add(socket: Socket, prove: () => Promise<void>): void {
    const address = socket.remoteAddress ?? ''; // none of a Unix socket
    if (!this.#hasRoom(address)) {
      socket.destroy();
      this.#warn('there are too many');
      return;
    }
    this.#all.set(socket, address);
    prove()
      .catch((error: unknown) => {
        socket.destroy();
        this.#warn(asPosternError(error).code);
      })
      .finally(() => this.#all.delete(socket));
  }

  destroy(): void {
    for (const socket of this.#all.keys()) socket.destroy();
  }

  #hasRoom(address: string): boolean {
    if (this.#all.size >= MAX_STRANGERS) return false;
    if (address === '') return true;
    let same = 0;
    for (const one of this.#all.values()) if (one === address) same += 1;
    return same < MAX_STRANGERS_OF_ONE;
  }

  #warn(reason: string): void {
    this.#refused += 1;
    if (performance.now() - this.#warnedAtMs < WARN_INTERVAL_MS) return;
    this.#warnedAtMs = performance.now();
    this.#log.warn({ reason, count: this.#refused }, 'connections of no node were refused');
    this.#refused = 0;
  }
}
