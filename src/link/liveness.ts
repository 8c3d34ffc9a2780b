/**
 * Whether the peer of a link is alive, by PING. An edge holds many links and most of them are idle: there it alone asks, and seldom.
 * While requests run, and when the peer should have sent something, both ends ask at the next tick.
 */

const TICK_MS = 5_000;

// From a PING to the next byte. With a tick before it, a peer for which a request waits is found dead within 15 s.
const SILENCE_MS = 9_000;

// A peer that keeps sending may acknowledge late, behind a full queue on a slow line; after this it is dead.
const LATE_MS = 60_000;

/**
 * How long after the last PING, and after the last byte, an idle link asks: the edge every twenty seconds, the agent when it misses
 * that. Between two nodes there are few links, and all tunnels depend on them. Half a tick less, since acknowledgements take time.
 */
const IDLE_MS = { edge: 17_500, agent: 22_500, node: 0 };

export interface LivenessOptions {
  /** Whose end of the link this is. */
  readonly of: keyof typeof IDLE_MS;
  /** Whether requests run, or have run since the last call. */
  readonly isUsed: () => boolean;
  /** Sends a PING, and resolves to the round trip in milliseconds. */
  readonly ping: () => Promise<number>;
  /** A round trip was measured. */
  readonly measured: (ms: number) => void;
  readonly dead: () => void;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #timer: NodeJS.Timeout;
  #lastReceivedMs = performance.now();
  #lastTickMs = this.#lastReceivedMs;
  #lastTickDateMs = Date.now();
  #pingSentMs = Number.NEGATIVE_INFINITY;
  #pending: Promise<number> | undefined;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** The peer has sent something. */
  received(): void {
    this.#lastReceivedMs = performance.now();
  }

  /** Measures a round trip. Concurrent callers share one PING, because only a few may be pending. */
  ping(): Promise<number> {
    if (this.#pending !== undefined) return this.#pending;
    this.#pingSentMs = performance.now();
    this.#pending = this.#options.ping().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    // While this process was stalled or suspended nothing was read, which is no silence of the peer. What arrived meanwhile
    // is read after this, and a dead peer is detected that much later.
    const stoodStillMs = Math.max(now - this.#lastTickMs - TICK_MS, 0);
    this.#lastReceivedMs = Math.min(this.#lastReceivedMs + stoodStillMs, now);
    this.#pingSentMs = Math.min(this.#pingSentMs + stoodStillMs, now);
    this.#lastTickMs = now;
    const hasSlept = this.#hasSlept(stoodStillMs);
    const isUsed = this.#options.isUsed();
    if (this.#pending !== undefined) this.#judge(now);
    else if (isUsed || hasSlept || this.#isIdleFor(now)) this.#ask();
  }

  /** While a machine sleeps, the clock of Linux that does not jump stands still, and only the date goes on. */
  #hasSlept(stoodStillMs: number): boolean {
    const date = Date.now();
    const sinceMs = date - this.#lastTickDateMs;
    this.#lastTickDateMs = date;
    return stoodStillMs > TICK_MS || sinceMs > 2 * TICK_MS;
  }

  /** The first PING is due at the first tick: both ends know the round trip from then on. */
  #isIdleFor(now: number): boolean {
    const idleMs = IDLE_MS[this.#options.of];
    const since = this.#options.of === 'edge' ? this.#pingSentMs : Math.max(this.#lastReceivedMs, this.#pingSentMs);
    return this.#pingSentMs === Number.NEGATIVE_INFINITY || now - since >= idleMs;
  }

  #ask(): void {
    this.ping().then(this.#options.measured, () => {}); // a missing acknowledgement is detected at the next ticks
  }

  #judge(now: number): void {
    const isLate = now - this.#pingSentMs > LATE_MS;
    if (isLate || now - Math.max(this.#lastReceivedMs, this.#pingSentMs) > SILENCE_MS) this.#options.dead();
  }
}
