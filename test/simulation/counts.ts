/** What a run has found: how long news has taken, what visitors got, what the store was asked, what has gone wrong. */
const KEPT_VIOLATIONS = 20;

export class Counts {
  /** In words, the first ones. */
  readonly violations: string[] = [];
  violationCount = 0;
  readonly events = new Map<string, number>();
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
    this.note(kind);
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

  #line(what: string): string {
    return `${(this.#now() / 1_000).toFixed(3).padStart(9)} s  ${what}`;
  }
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
