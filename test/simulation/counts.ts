/** What a run has found: how long news has taken, what visitors got, what the store was asked, what has gone wrong. */
import type { Effect } from './effects.js';

const KEPT_VIOLATIONS = 20;

/** What is left of a run. Times: in milliseconds, by what has happened. */
export type Found = Pick<
  Counts,
  'violations' | 'violationCount' | 'events' | 'effects' | 'outcomes' | 'commands' | 'times'
>;

export class Counts {
  /** In words, the first ones. */
  readonly violations: string[] = [];
  violationCount = 0;
  /** What was done, by the one who disturbs. */
  readonly events = new Map<string, number>();
  /** What that has brought about. */
  readonly effects = new Map<string, number>();
  readonly outcomes = new Map<string, number>();
  readonly commands = new Map<string, number>();
  /** In milliseconds, by what has happened. */
  readonly times = new Map<string, number[]>();
  readonly #now: () => number;
  readonly #told: (line: string) => void;

  /** `told`: each event and violation, as it happens. */
  constructor(now: () => number, told: (line: string) => void) {
    this.#now = now;
    this.#told = told;
  }

  violation(what: string): void {
    this.violationCount += 1;
    const line = this.#line(what);
    this.#told(`VIOLATION ${line}`);
    if (this.violations.length < KEPT_VIOLATIONS) this.violations.push(line);
  }

  event(kind: string): void {
    increase(this.events, kind);
  }

  effect(what: Effect): void {
    increase(this.effects, what);
  }

  note(what: string): void {
    this.#told(this.#line(what));
  }

  outcome(kind: string): void {
    increase(this.outcomes, kind);
  }

  command(command: string, key: string): void {
    increase(this.commands, `${command} ${key.slice(0, key.indexOf(':'))}`);
  }

  converged(cause: string, ms: number): void {
    const times = this.times.get(cause) ?? [];
    times.push(ms);
    this.times.set(cause, times);
  }

  get found(): Found {
    const { violations, violationCount, events, effects, outcomes, commands, times } = this;
    return { violations, violationCount, events, effects, outcomes, commands, times };
  }

  #line(what: string): string {
    return `${(this.#now() / 1_000).toFixed(3).padStart(9)} s  ${what}`;
  }
}

/** All of several runs, each of which is named in its violations. */
export function merged(runs: readonly (Found & { readonly name: string })[]): Found {
  const times = new Map<string, number[]>();
  for (const run of runs)
    for (const [cause, more] of run.times) times.set(cause, (times.get(cause) ?? []).concat(more));
  return {
    violations: runs.flatMap(({ name, violations }) => violations.map((text) => `${name}: ${text}`)),
    violationCount: runs.reduce((sum, { violationCount }) => sum + violationCount, 0),
    events: sumOf(runs.map(({ events }) => events)),
    effects: sumOf(runs.map(({ effects }) => effects)),
    outcomes: sumOf(runs.map(({ outcomes }) => outcomes)),
    commands: sumOf(runs.map(({ commands }) => commands)),
    times,
  };
}

function sumOf(all: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const one of all) for (const [key, count] of one) increase(sum, key, count);
  return sum;
}

function increase(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
