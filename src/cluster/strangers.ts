/**
 * Connections to a peer address that have not proved themselves yet. Each costs a socket for some seconds, so there are so many at
 * once, and so many of one network; what they say is in the log once in a while, and not as often as they like.
 */
import type { Socket } from 'node:net';
import type { Log } from '../core/log.js';
import { asPosternError } from '../errors.js';

/** At once. */
export const MAX_STRANGERS = 256;

/** Of one network at once: all workers of a machine may come in the same moment. */
export const MAX_STRANGERS_OF_ONE = 64;

const WARN_INTERVAL_MS = 10_000;

/** Why a connection was refused: it has not proved itself in time, or there were too many that had not. */
export type StrangerReason = 'no-proof' | 'no-room';

export interface StrangersOptions {
  readonly log: Log;
  /** What counts as one of an address. */
  readonly networkOf: (address: string) => string;
  /** A connection was refused. */
  readonly refused?: ((reason: StrangerReason) => void) | undefined;
}

export class Strangers {
  readonly #options: StrangersOptions;
  readonly #all = new Map<Socket, string>();
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  #refused = 0;

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  /** Counts a connection until its proof is complete. Ends one that has none, and one that there is no room for. */
  add(socket: Socket, prove: () => Promise<void>): void {
    const { remoteAddress } = socket;
    const network = remoteAddress === undefined ? '' : this.#options.networkOf(remoteAddress); // none of a Unix socket
    if (!this.#hasRoom(network)) {
      socket.destroy();
      this.#refuse('no-room', 'there are too many');
      return;
    }
    this.#all.set(socket, network);
    prove()
      .catch((error: unknown) => {
        socket.destroy();
        this.#refuse('no-proof', asPosternError(error).code);
      })
      .finally(() => this.#all.delete(socket));
  }

  destroy(): void {
    for (const socket of this.#all.keys()) socket.destroy();
  }

  #hasRoom(network: string): boolean {
    if (this.#all.size >= MAX_STRANGERS) return false;
    if (network === '') return true;
    let same = 0;
    for (const one of this.#all.values()) if (one === network) same += 1;
    return same < MAX_STRANGERS_OF_ONE;
  }

  #refuse(reason: StrangerReason, detail: string): void {
    this.#options.refused?.(reason);
    this.#refused += 1;
    if (performance.now() - this.#warnedAtMs < WARN_INTERVAL_MS) return;
    this.#warnedAtMs = performance.now();
    this.#options.log.warn({ reason: detail, count: this.#refused }, 'connections of no node were refused');
    this.#refused = 0;
  }
}
