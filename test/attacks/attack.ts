/** What an attack is, and what it is given: a world of its own, and an end. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Visitor } from '../support/visitor.js';
import type { World } from '../support/world.js';

export interface Ground {
  readonly world: World;
  /** Signed in to the canary's tunnel, in another account than the canary's. */
  readonly bob: Visitor;
  /** Aborted when the attack is to end. */
  readonly over: AbortSignal;
  /** Whatever the attack leaves open is ended by these. */
  readonly ends: (() => unknown)[];
}

/** One row of docs/budgets.md. */
export interface Attack {
  /** How `--only` finds it: party and what is taken. */
  readonly name: string;
  /** How much more the edge may hold while it is attacked, in megabytes: what the row permits, and room for garbage. */
  readonly maxGrowthMb: number;
  /** How much more it may hold afterwards, in megabytes; 16 unless given. */
  readonly maxKeptMb?: number;
  /** Nobody can be given a new connection while it runs. */
  readonly takesConnections?: true;
  /** The edge is one of several that share a Redis: it has a peer address. */
  readonly nodes?: true;
  /** Attacks until it is over, and gives counts of what came of it. Throws when the edge permitted too much. */
  run(ground: Ground): Promise<Tally>;
}

/** Counts by what happened. */
export class Tally extends Map<string, number> {
  add(what: string | number, count = 1): void {
    this.set(String(what), (this.get(String(what)) ?? 0) + count);
  }

  /** Keeps the highest. */
  peak(what: string, count: number): void {
    this.set(what, Math.max(this.get(what) ?? 0, count));
  }

  override toString(): string {
    return [...this].map(([what, count]) => `${what}: ${count}`).join(', ');
  }
}

/** Repeats an act until the attack is over. */
export async function repeat({ over }: Ground, act: (tally: Tally, round: number) => Promise<unknown>): Promise<Tally> {
  const tally = new Tally();
  for (let round = 0; !over.aborted; round++) {
    await act(tally, round);
    await pause(over, 1); // the canary and the clock have their turn
  }
  return tally;
}

/** Waits, but no longer than the attack lasts. */
export async function pause(over: AbortSignal, ms: number): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => undefined); // over
}

/** A signal for one round of an attack: after `ms`, or when the attack is over. */
export function roundOf({ over }: Ground, ms: number): AbortSignal {
  const round = new AbortController();
  setMaxListeners(0, round.signal);
  const end = () => {
    clearTimeout(timer);
    over.removeEventListener('abort', end);
    round.abort();
  };
  const timer = setTimeout(end, ms);
  over.addEventListener('abort', end);
  return round.signal;
}

/** The `Host` line of the canary's tunnel, and with it bob's cookies. */
export function lines({ world, bob }: Ground): { readonly host: string; readonly own: string } {
  const host = `Host: ${new URL(world.url).host}\r\n`;
  return { host, own: `${host}Cookie: ${bob.jar.header(new URL(world.url))}\r\n` };
}
