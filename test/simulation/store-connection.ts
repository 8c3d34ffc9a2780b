/**
 * A node's connection to the modelled store. Every command travels for a while; the connection may be cut at any moment, and then it is
 * not known what the store has done. Commands have a deadline.
 */
import type { VirtualClock } from './clock.js';
import type { Effect } from './effects.js';
import { type ModelServer, unavailable } from './model-server.js';

export const DEADLINE_MS = 2_000;

export type Command = 'get' | 'put' | 'delete' | 'list';

export interface StoreConnectionOptions {
  readonly clock: VirtualClock;
  readonly server: ModelServer;
  /** How long something travels, one way. */
  readonly latency: () => number;
  /** The wall clock of the node. */
  readonly wallClock: () => number;
  /** Runs it now, or when the process of the node goes on; never if it has ended. */
  readonly run: (act: () => void) => void;
  /** Counts a command. */
  readonly counted: (command: Command, key: string) => void;
  /** Counts what a disturbance has brought about. */
  readonly effect: (what: Effect) => void;
}

export class StoreConnection {
  server: ModelServer;
  readonly #options: StoreConnectionOptions;
  readonly #cuts = new Set<string>();
  /** Another one after each cut. */
  #number = 0;
  #cutAtMs = 0;

  constructor(options: StoreConnectionOptions) {
    this.#options = options;
    this.server = options.server;
  }

  get isCut(): boolean {
    return this.#cuts.size > 0;
  }

  /** Whether the node can use the store now. */
  get isUp(): boolean {
    return !this.isCut && this.server.pausedAtMs === undefined;
  }

  /** For how long the store has been away, in milliseconds; 0 while it is there. */
  get awayMs(): number {
    const sinceMs = Math.min(this.isCut ? this.#cutAtMs : Infinity, this.server.pausedAtMs ?? Infinity);
    return Number.isFinite(sinceMs) ? this.#options.clock.now - sinceMs : 0;
  }

  /** It breaks: what is on its way is lost. */
  cut(reason: string): void {
    if (!this.isCut) this.#cutAtMs = this.#options.clock.now;
    this.#cuts.add(reason);
    this.#number += 1;
  }

  /** Returns whether it can be used again from now on. */
  heal(reason: string): boolean {
    return this.#cuts.delete(reason) && !this.isCut;
  }

  /** Another server has taken the place of the one before. */
  moveTo(server: ModelServer): void {
    this.server = server;
    this.#number += 1;
  }

  /** Tells, at any later time, whether what is on its way now was lost. */
  loss(): () => boolean {
    const number = this.#number;
    return () => this.isCut || number !== this.#number;
  }

  command<Result>(command: Command, key: string, act: (server: ModelServer, nowMs: number) => Result): Promise<Result> {
    const { clock, latency, run, wallClock, counted, effect } = this.#options;
    if (this.isCut && this.awayMs > DEADLINE_MS) return Promise.reject(unavailable('is away'));
    counted(command, key);
    const isLost = this.loss();
    return new Promise((resolve, reject) => {
      const deadline = clock.after(DEADLINE_MS, () => {
        effect('command without reply');
        run(() => reject(unavailable('does not reply in time')));
      });
      const reply = (settle: () => void) =>
        clock.after(latency(), () => {
          if (isLost()) return effect('reply lost'); // it is done, and the node does not learn of it
          deadline.cancel();
          run(settle);
        });
      clock.after(latency(), () => {
        if (isLost()) return;
        this.server.whenWorking(() => {
          try {
            const result = act(this.server, wallClock());
            reply(() => resolve(result));
          } catch (error) {
            reply(() => reject(error));
          }
        });
      });
    });
  }
}
