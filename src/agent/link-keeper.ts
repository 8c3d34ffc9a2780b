/**
 * Keeps one link to the edge up: dials again after a loss with jittered waits, at once when the edge drains, and gives up
 * on a refusal that waiting cannot change. Knows neither the offer nor the target.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { aborted } from '../core/aborted.js';
import type { Log } from '../core/log.js';
import { asPosternError, PosternError } from '../errors.js';
import type { AgentLink } from '../link/dial.js';
import { type Clock, STABLE_MS } from './clock.js';
import { Redial } from './redial.js';

/** How a keeper dials, and what it calls as links come and go. */
export interface LinkKeeperOptions {
  /** One attempt; it ends when `signal` aborts. */
  dial(signal: AbortSignal): Promise<AgentLink>;
  /** A link is up. */
  online(link: AgentLink): void;
  /** There is no link; the next attempt follows in `retryInMs`. */
  offline(error: PosternError, retryInMs: number): void;
  /** Whether links that this keeper does not know take new requests meanwhile. */
  isServedByOthers(): boolean;
  readonly log: Log;
}

// An edge that is updated node by node may drain a link that has just come up, and the next one too.
const DRAINED_AT_ONCE = 4;

/** The most links that are held at once: running requests finish on all but one of them, and those of the oldest end with it. */
export const MAX_OPEN = 16;

/** Dials from the moment it is made until `stop` or `destroy`. */
export class LinkKeeper {
  /** Resolves when it was stopped and every link has closed; rejects with the refusal that ended it. */
  readonly ended: Promise<void>;
  readonly #options: LinkKeeperOptions;
  readonly #clock: Clock;
  readonly #redial = new Redial();
  readonly #stop = new AbortController();
  /** The link that takes new requests, and those on which running requests finish. */
  readonly #links = new Set<AgentLink>();
  /** Ends the wait for the end of the current link. */
  #leave: () => void = () => {};
  /** `redial` was called during an attempt, whose link may be an outdated one. */
  #isOutdated = false;
  /** How many links in a row the edge has drained as soon as they were up. */
  #drainedAtOnce = 0;

  constructor(options: LinkKeeperOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.ended = this.#run();
  }

  /** Dials no more and resolves when the requests that run on its links are finished. */
  async drain(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#links].map((link) => link.drain()));
  }

  /** Dials once more while the current link serves on: the edge drains that one when the new one is up. */
  redial(): void {
    this.#isOutdated = true;
    this.#leave();
  }

  /** Dials no more and cuts every link. */
  destroy(): void {
    this.#stop.abort();
    for (const link of this.#links) link.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        this.#isOutdated = false;
        await this.#serveUntilClosed(await this.#options.dial(this.#stop.signal));
      } catch (thrown) {
        if (this.#stop.signal.aborted) break;
        await this.#waitBeforeRedial(thrown);
      }
    }
    await Promise.all([...this.#links].map((link) => link.closed));
  }

  /** Returns when the link drains or is to be replaced, throws when it was lost. */
  async #serveUntilClosed(link: AgentLink): Promise<void> {
    const startedMs = this.#clock.now();
    const closed = this.#track(link);
    if (this.#stop.signal.aborted) return link.destroy();
    this.#options.log.info({ url: link.url, node: link.nodes?.node }, 'link up');
    this.#options.online(link);
    const left = new Promise<void>((resolve) => {
      this.#leave = resolve;
      if (this.#isOutdated) resolve();
    });
    await Promise.race([closed, left, aborted(link.draining)]);
    await nextTurn(); // a lost link drains as well: tell the two apart once both are known
    const isStable = this.#clock.now() - startedMs >= STABLE_MS;
    if (isStable) this.#redial.reset();
    if (!this.#links.has(link)) throw await closed;
    if (!link.draining.aborted || isStable) this.#drainedAtOnce = 0;
    else if (++this.#drainedAtOnce > DRAINED_AT_ONCE)
      throw new PosternError('ERR_LINK_LOST', 'the edge drains each link as soon as it is up');
    this.#options.log.info(
      { url: link.url },
      link.draining.aborted ? 'the edge drains the link, dialling anew' : 'replacing the link',
    );
  }

  /** Resolves with why the link closed. */
  #track(link: AgentLink): Promise<PosternError> {
    if (this.#links.size >= MAX_OPEN) for (const oldest of [...this.#links].slice(0, 1)) oldest.destroy();
    this.#links.add(link);
    return link.closed.then((error) => {
      this.#links.delete(link);
      return error ?? new PosternError('ERR_LINK_LOST', 'the edge closed the link');
    });
  }

  /** Whether a link that is to be replaced still takes new requests, or another one does. */
  #isServing(): boolean {
    return [...this.#links].some(({ draining }) => !draining.aborted) || this.#options.isServedByOthers();
  }

  async #waitBeforeRedial(thrown: unknown): Promise<void> {
    const error = asPosternError(thrown);
    // An error outside the table is a bug or comes from the options: trying again would not change it.
    if (!error.retryable || !(thrown instanceof PosternError)) throw error;
    const waitMs = this.#redial.next(error.code);
    const isServing = this.#isServing();
    this.#options.log.warn({ err: error, code: error.code, waitMs, isServing }, 'no link to the edge');
    if (!isServing) this.#options.offline(error, waitMs);
    await this.#clock.wait(waitMs, this.#stop.signal);
  }
}
