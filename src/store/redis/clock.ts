/**
 * The time by which entries of a shared store expire: this node's, unless it is ahead of the server's. An entry is gone only when
 * both clocks say so: a node whose clock is wrong forgets no sign-out of another one, and takes no name from its owner.
 */

// Below it the difference is that of the network, and of what NTP leaves.
const TOLERATED_MS = 1_000;

export class StoreClock {
  readonly #own: () => number;
  #aheadMs = 0;

  constructor(own: () => number) {
    this.#own = own;
  }

  /** How much this node's clock is ahead of the server's, in milliseconds; negative if it is behind. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** The time of the server. */
  serverNow(): number {
    return Math.round(Date.now() - this.#aheadMs);
  }

  now(): number {
    return this.#aheadMs > TOLERATED_MS ? this.#own() - this.#aheadMs : this.#own();
  }

  /** Learns from a reply to `TIME`; the times are of `Date.now`, before and after. */
  learn(reply: unknown, sentMs: number, receivedMs: number): void {
    if (!Array.isArray(reply)) return;
    const serverMs = Number(reply[0]) * 1_000 + Number(reply[1]) / 1_000;
    if (Number.isFinite(serverMs)) this.#aheadMs = (sentMs + receivedMs) / 2 - serverMs;
  }
}
