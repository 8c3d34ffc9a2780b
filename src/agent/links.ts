/** The links of an agent: the first one, which is always kept up, and further ones while there is much to do. */
import type { Log } from '../core/log.js';
import type { PosternError } from '../errors.js';
import type { AgentLink } from '../link/dial.js';
import type { Clock } from './clock.js';
import { LinkKeeper } from './link-keeper.js';
import { MoreLinks } from './more-links.js';

export interface LinksOptions {
  /** One attempt for the link of a slot; it ends when `signal` aborts. */
  dial(slot: number, signal: AbortSignal): Promise<AgentLink>;
  /** A first link is up. */
  online(url: string): void;
  /** No link takes new requests; the next attempt follows in `retryInMs`. */
  offline(error: PosternError, retryInMs: number): void;
  readonly log: Log;
}

/** Dials from the moment it is made until `drain` or `destroy`. */
export class Links {
  /** Resolves when it was stopped and every link has closed; rejects with the refusal that ended the first one. */
  readonly ended: Promise<void>;
  readonly #first: LinkKeeper;
  readonly #more: MoreLinks;

  constructor({ dial, online, offline, log }: LinksOptions, clock: Clock) {
    this.#more = new MoreLinks({ dial, log }, clock);
    this.#first = new LinkKeeper(
      {
        dial: (signal) => dial(1, signal),
        log,
        online: (link) => {
          this.#more.follow(link);
          online(link.url);
        },
        offline,
        isServedByOthers: () => this.#more.isServing,
      },
      clock,
    );
    this.ended = this.#first.ended.then(() => this.#more.closed());
  }

  /** Dials no more and resolves when the requests that run on its links are finished. */
  async drain(): Promise<void> {
    await Promise.all([this.#first.drain(), this.#more.drain()]);
  }

  /** Dials once more while the links serve on: the first one until the edge drains it, the others until the new one is up. */
  redial(): void {
    this.#more.outdate();
    this.#first.redial();
  }

  /** Dials no more and cuts every link. */
  destroy(): void {
    this.#first.destroy();
    this.#more.destroy();
  }
}
