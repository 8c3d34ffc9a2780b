/** Counters of attempts in Redis, and how many nodes count there: each says every ten seconds that it does. */
import { randomUUID } from 'node:crypto';
import type { SharedCounters } from '../store.js';
import type { KeyNames } from './codec.js';
import { type RedisConnection, unavailable } from './connection.js';
import { COUNT, COUNT_NODES } from './scripts.js';

// A node that was away for three of its intervals does not count.
const GONE_AFTER_MS = 30_000;

export class RedisCounters implements SharedCounters {
  readonly #commands: Pick<RedisConnection, 'script'>;
  readonly #names: KeyNames;
  readonly #node = randomUUID();
  #nodes = 1;

  constructor(commands: Pick<RedisConnection, 'script'>, names: KeyNames) {
    this.#commands = commands;
    this.#names = names;
  }

  get nodes(): number {
    return this.#nodes;
  }

  async add(key: string, points: number, durationMs: number): Promise<readonly [sum: number, leftMs: number]> {
    const reply = await this.#commands.script(COUNT, [this.#names.counter(key)], [points, durationMs]);
    const [sum, leftMs] = Array.isArray(reply) ? (reply as unknown[]) : [];
    if (typeof sum !== 'number' || typeof leftMs !== 'number')
      throw unavailable('has replied with something that is no count');
    return [sum, leftMs];
  }

  /** Says that this node counts, and looks how many do; `nowMs` is the time of the server. */
  async look(nowMs: number): Promise<void> {
    const reply = await this.#commands.script(
      COUNT_NODES,
      [this.#names.nodes],
      [this.#node, nowMs, nowMs - GONE_AFTER_MS],
    );
    if (typeof reply === 'number' && reply >= 1) this.#nodes = reply;
  }
}
