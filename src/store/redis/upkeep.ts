/**
 * What an edge does for a Redis store every ten seconds: it compares the clocks, removes what has expired, and counts nodes and
 * entries.
 */
import type { Log } from '../../core/log.js';
import type { StoreClock } from './clock.js';
import type { KeyNames } from './codec.js';
import type { RedisConnection } from './connection.js';
import type { RedisCounters } from './counters.js';
import { SWEEP } from './scripts.js';

export interface UpkeepOptions {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  readonly clock: StoreClock;
  readonly counters: RedisCounters;
  readonly log: Log;
}

const INTERVAL_MS = 10_000;
const SWEPT_AT_ONCE = 1_000;
const CLOCK_WARNING_MS = 5_000;

/** The caller closes it. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #sizes = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS).unref();
  }

  /** How many entries each kind has that was added, at the last look. */
  get sizes(): ReadonlyMap<string, number> {
    return this.#sizes;
  }

  /** From now on this kind is swept and counted. */
  add(kind: string): void {
    this.#sizes.set(kind, this.#sizes.get(kind) ?? 0);
  }

  /** Does it now. Never rejects: what fails is done the next time. */
  async run(): Promise<void> {
    try {
      await this.#compareClocks();
      await this.#options.counters.look(this.#options.clock.serverNow());
      await this.#sweep();
    } catch {
      // the store is away
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #compareClocks(): Promise<void> {
    const { connection, clock, log } = this.#options;
    const sentMs = Date.now();
    clock.learn(await connection.run('TIME'), sentMs, Date.now());
    const { aheadMs } = clock;
    if (Math.abs(aheadMs) > CLOCK_WARNING_MS)
      log.warn(
        { seconds: Math.round(aheadMs / 1_000) },
        'the clock of this machine and that of Redis differ: what expires does so by the later one',
      );
  }

  async #sweep(): Promise<void> {
    const { connection, names, clock } = this.#options;
    for (const kind of this.#sizes.keys()) {
      const size = await connection.script(SWEEP, names.ofKind(kind), [clock.now(), SWEPT_AT_ONCE]);
      if (typeof size === 'number') this.#sizes.set(kind, size);
    }
  }
}
