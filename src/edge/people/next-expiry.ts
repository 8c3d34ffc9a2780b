/** Tells for which tunnels something expires now, with one timer. It keeps one time for each tunnel, however much it has. */

// The largest delay of a timer, 24.8 days: what is later is looked at again then.
const MAX_TIMER_MS = 2_147_483_647;

export class NextExpiry {
  /** The earliest time at which something of each tunnel expires, in milliseconds since the epoch. */
  readonly #nextByTunnel = new Map<string, number>();
  readonly #now: () => number;
  readonly #expired: (tunnels: readonly string[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** `expired` adds the next time of each of its tunnels again. A time that turns out to be void costs one call too many. */
  constructor(now: () => number, expired: (tunnels: readonly string[]) => void) {
    this.#now = now;
    this.#expired = expired;
  }

  /** Something of a tunnel expires at this time. */
  add(tunnel: string, atMs: number): void {
    const known = this.#nextByTunnel.get(tunnel) ?? Number.POSITIVE_INFINITY;
    if (atMs < known) this.#nextByTunnel.set(tunnel, atMs);
    if (atMs < this.#timerAtMs) this.#wait(atMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#nextByTunnel.clear();
  }

  #wait(untilMs: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = untilMs;
    const delayMs = Math.min(Math.max(0, untilMs - this.#now()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#look(), delayMs).unref();
  }

  #look(): void {
    const nowMs = this.#now();
    const due: string[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [tunnel, atMs] of this.#nextByTunnel) {
      if (atMs <= nowMs) due.push(tunnel);
      else next = Math.min(next, atMs);
    }
    for (const tunnel of due) this.#nextByTunnel.delete(tunnel);
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (Number.isFinite(next)) this.#wait(next);
    if (due.length > 0) this.#expired(due);
  }
}
