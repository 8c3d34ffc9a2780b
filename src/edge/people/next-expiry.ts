/** Tells which tunnels have something that has just expired, with one timer. */

// The largest delay of a timer, 24.8 days: what is later is looked at again then.
const MAX_TIMER_MS = 2_147_483_647;

export class NextExpiry {
  /** The times at which something of each tunnel expires, in milliseconds since the epoch. */
  readonly #timesByTunnel = new Map<string, Set<number>>();
  readonly #now: () => number;
  readonly #expired: (tunnels: readonly string[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(now: () => number, expired: (tunnels: readonly string[]) => void) {
    this.#now = now;
    this.#expired = expired;
  }

  /** Something of a tunnel expires at this time. A time that turns out to be void costs one call too many. */
  add(tunnel: string, atMs: number): void {
    const times = this.#timesByTunnel.get(tunnel) ?? new Set();
    this.#timesByTunnel.set(tunnel, times.add(atMs));
    if (atMs < this.#timerAtMs) this.#wait(atMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timesByTunnel.clear();
  }

  #wait(untilMs: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = untilMs;
    const delayMs = Math.min(Math.max(0, untilMs - this.#now()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#look(), delayMs).unref();
  }

  #look(): void {
    const nowMs = this.#now();
    const due = [...this.#timesByTunnel].filter(([tunnel, times]) => this.#takeDue(tunnel, times, nowMs));
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const next = Math.min(...[...this.#timesByTunnel.values()].map((times) => Math.min(...times)));
    if (Number.isFinite(next)) this.#wait(next);
    if (due.length > 0) this.#expired(due.map(([tunnel]) => tunnel));
  }

  #takeDue(tunnel: string, times: Set<number>, nowMs: number): boolean {
    let isDue = false;
    for (const atMs of times) if (atMs <= nowMs) isDue = times.delete(atMs);
    if (times.size === 0) this.#timesByTunnel.delete(tunnel);
    return isDue;
  }
}
