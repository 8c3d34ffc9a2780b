/** What a node does at a shared store every ten seconds: it compares the clocks, removes what has expired, and counts nodes and entries. */
import type { Log } from '../../core/log.js';
import type { StoreClock } from './clock.js';
import type { KeyNames } from './codec.js';
import type { RedisConnection } from './connection.js';
import type { RedisCounters } from './counters.js';
import { SWEEP } from './scripts.js';

export interface TendingOptions {
  readonly commands: Pick<RedisConnection, 'run' | 'script'>;
  readonly names: KeyNames;
  readonly clock: StoreClock;
  readonly counters: RedisCounters;
  readonly log: Log;
}

const SWEPT_AT_ONCE = 1_000;
const INTERVAL_MS = 10_000;
const CLOCK_WARNING_MS = 5_000;

export class Tending {
  /** How many entries there are, of the kinds that were added. */
  readonly sizes = new Map<string, number>();
  readonly #options: TendingOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(options: TendingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), INTERVAL_MS).unref();
  }

  add(kind: string): void {
    this.sizes.set(kind, this.sizes.get(kind) ?? 0);
  }

  /** Does it now. */
  look(): void {
    this.#look().catch(() => {}); // again in ten seconds
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { commands, names, clock, counters } = this.#options;
    const sentMs = Date.now();
    clock.learn(await commands.run('TIME'), sentMs, Date.now());
    this.#compareClocks();
    await counters.look(clock.serverNow());
    for (const kind of this.sizes.keys()) {
      const size = await commands.script(SWEEP, names.ofKind(kind), [clock.now(), SWEPT_AT_ONCE]);
      if (typeof size === 'number') this.sizes.set(kind, size);
    }
  }

  #compareClocks(): void {
    const { aheadMs } = this.#options.clock;
    if (Math.abs(aheadMs) <= CLOCK_WARNING_MS) return;
    this.#options.log.warn(
      { seconds: Math.round(aheadMs / 1_000) },
      'the clock of this machine and that of Redis differ: what expires does so by the later one',
    );
  }
}
