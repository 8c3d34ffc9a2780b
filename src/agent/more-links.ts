/**
 * The links of an agent beside its first one, at other nodes of the edge. One is opened when those there are have been busy for two
 * seconds and the edge can use another one, and closed when the rest would do for minutes. None of them is needed: one that is refused,
 * lost, or comes to a node that has a link already is tried again a few times, and then left for a while.
 */
import type { Log } from '../core/log.js';
import { asPosternError } from '../errors.js';
import type { AgentLink } from '../link/dial.js';
import { type Clock, STABLE_MS } from './clock.js';
import { MAX_OPEN } from './link-keeper.js';
import { LinkLoad } from './link-load.js';

export interface MoreLinksOptions {
  /** One attempt; it ends when `signal` aborts. */
  dial(slot: number, signal: AbortSignal): Promise<AgentLink>;
  readonly log: Log;
}

const TICK_MS = 1_000;
const BUSY_TICKS = 2;

// The load of all links is below a quarter of what would make one link less busy.
const QUIET_LOAD = 0.25;
const QUIET_MS = 180_000;

// Connections are handed out to the nodes in turn, so another attempt reaches another one.
const FIRST_WAIT_MS = 1_000;
const ATTEMPTS = 5;
const LEFT_FOR_MS = 300_000;

interface Held {
  readonly link: AgentLink;
  readonly load: LinkLoad;
  /** Its token and its offer are those of this era. */
  readonly era: number;
}

export class MoreLinks {
  readonly #options: MoreLinksOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #first: Held | undefined;
  /** By slot, from 2 on: those that take new requests. */
  readonly #more = new Map<number, Held>();
  /** With those on which running requests finish. */
  readonly #open = new Set<AgentLink>();
  #isWatching = false;
  #era = 0;
  #busyTicks = 0;
  #quietSinceMs: number | undefined;
  #failures = 0;
  #notBeforeMs = 0;

  constructor(options: MoreLinksOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Whether one of them takes new requests. */
  get isServing(): boolean {
    return [...this.#more.values()].some(({ link }) => !link.draining.aborted);
  }

  /** The first link is this one from now on. */
  follow(link: AgentLink): void {
    this.#first = this.#held(link, this.#era);
    const { most, node } = link.nodes ?? { most: 1, node: '' };
    for (const [slot, more] of this.#more)
      if (more.era !== this.#era || slot > most || more.link.nodes?.node === node) this.#leave(slot);
    if (most > 1 && !this.#isWatching) void this.#watch();
  }

  /** Once there is another first link, none of those is kept that were dialled before this. */
  outdate(): void {
    this.#era += 1;
  }

  /** Dials no more and resolves when the requests that run on these links are finished. */
  async drain(): Promise<void> {
    this.#stop.abort();
    this.#more.clear();
    await Promise.all([...this.#open].map((link) => link.drain()));
  }

  /** Resolves once all that are open have closed. */
  async closed(): Promise<void> {
    await Promise.all([...this.#open].map((link) => link.closed));
  }

  /** Dials no more and cuts every link. */
  destroy(): void {
    this.#stop.abort();
    this.#more.clear();
    for (const link of this.#open) link.destroy();
  }

  get #most(): number {
    return this.#first?.link.nodes?.most ?? 1;
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    const { signal } = this.#stop;
    while (this.#most > 1) {
      await this.#clock.wait(TICK_MS, signal);
      if (signal.aborted) break;
      await this.#tick();
    }
    this.#isWatching = false;
  }

  async #tick(): Promise<void> {
    const first = this.#first;
    if (first === undefined || first.link.draining.aborted) return; // another one is on its way
    const now = this.#clock.now();
    const loads = [first, ...this.#more.values()].map(({ load }) => load.measure(now));
    this.#busyTicks = loads.every((load) => load >= 1) ? this.#busyTicks + 1 : 0;
    const isWanted = this.#busyTicks >= BUSY_TICKS && loads.length < this.#most && now >= this.#notBeforeMs;
    if (isWanted && this.#open.size < MAX_OPEN) await this.#openOne();
    else this.#closeQuiet(loads, now);
  }

  #closeQuiet(loads: readonly number[], now: number): void {
    const all = loads.reduce((sum, load) => sum + load, 0);
    if (all >= QUIET_LOAD * (loads.length - 1)) this.#quietSinceMs = undefined;
    else this.#quietSinceMs ??= now;
    if (this.#quietSinceMs === undefined || now - this.#quietSinceMs < QUIET_MS) return;
    const slot = Math.max(...this.#more.keys());
    if (this.#more.get(slot)?.link.running !== 0) return; // a WebSocket would keep it open anyway
    this.#options.log.info({ slot }, 'closing a link that is not needed any more');
    this.#leave(slot);
  }

  async #openOne(): Promise<void> {
    const { log } = this.#options;
    const era = this.#era;
    let slot = 2;
    while (this.#more.has(slot)) slot += 1;
    try {
      const link = await this.#options.dial(slot, this.#stop.signal);
      this.#keepOpen(link);
      if (this.#stop.signal.aborted) return link.destroy();
      if (era === this.#era && this.#isOfUse(link, slot)) return this.#add(slot, this.#held(link, era));
      void link.drain();
      log.debug({ slot }, 'another link came to a node that has one');
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      const error = asPosternError(thrown);
      log.info({ err: error, code: error.code, slot }, 'no further link');
    }
    this.#failed();
  }

  #add(slot: number, held: Held): void {
    const { link } = held;
    const startedMs = this.#clock.now();
    this.#busyTicks = 0;
    this.#quietSinceMs = undefined;
    this.#more.set(slot, held);
    this.#options.log.info({ slot, node: link.nodes?.node }, 'further link up');
    const end = () => {
      if (this.#more.get(slot) !== held) return; // this end drains it
      this.#options.log.info({ slot }, 'a further link ends');
      this.#leave(slot);
      if (this.#clock.now() - startedMs < STABLE_MS) this.#failed();
      else this.#failures = 0;
    };
    link.draining.addEventListener('abort', end, { once: true });
    if (link.draining.aborted) end();
  }

  /** Not at a node that has one already. */
  #isOfUse(link: AgentLink, slot: number): boolean {
    const node = link.nodes?.node;
    const nodes = [this.#first, ...this.#more.values()].map((held) => held?.link.nodes?.node);
    return slot <= this.#most && node !== undefined && !nodes.includes(node);
  }

  /** Its running requests finish. */
  #leave(slot: number): void {
    const held = this.#more.get(slot);
    this.#more.delete(slot);
    this.#busyTicks = 0;
    this.#quietSinceMs = undefined;
    void held?.link.drain();
  }

  #failed(): void {
    const waitMs = FIRST_WAIT_MS * 2 ** this.#failures;
    this.#failures = (this.#failures + 1) % ATTEMPTS;
    this.#notBeforeMs = this.#clock.now() + (this.#failures === 0 ? LEFT_FOR_MS : waitMs);
  }

  #keepOpen(link: AgentLink): void {
    this.#open.add(link);
    void link.closed.then(() => this.#open.delete(link));
  }

  #held(link: AgentLink, era: number): Held {
    return { link, load: new LinkLoad(link, this.#clock.now()), era };
  }
}
