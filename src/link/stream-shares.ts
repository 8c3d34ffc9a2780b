/**
 * Who holds the streams of one link, so that no visitor shuts the others out: each may have a share of them, and the last
 * tenth is for those who have only a few.
 */
import { PosternError } from '../errors.js';

/** What one party holds. Counted down by whoever was given it, once for each time. */
export interface Holder {
  streams: number;
}

// A browser behind an HTTP/2 proxy opens a hundred at once, and a quarter of our own thousand is two and a half of those.
const SHARE = 1 / 4;
const MIN_SHARE_STREAMS = 100;
// Where an agent takes few streams, a party may have most of them, and never all.
const MAX_SHARE = 3 / 4;
const RESERVED_SHARE = 1 / 10;
const FEW_STREAMS = 4;

// Those who hold nothing are forgotten together, which costs less than forgetting each.
const MAX_IDLE_HOLDERS = 1_000;

export class StreamShares {
  readonly #holders = new Map<string, Holder>();

  /**
   * Counts one stream for a party, when so many of at most `maxStreams` run. Throws `ERR_TUNNEL_BUSY` when the party has
   * its share.
   */
  take(party: string, running: number, maxStreams: number): Holder {
    const holder = this.#holderOf(party);
    const isScarce = running >= maxStreams - Math.floor(maxStreams * RESERVED_SHARE);
    if (holder.streams >= (isScarce ? Math.min(FEW_STREAMS, shareOf(maxStreams)) : shareOf(maxStreams))) {
      const text = 'Too many of your requests run on this tunnel at once. Close some pages and try again.';
      throw new PosternError('ERR_TUNNEL_BUSY', `one party holds ${holder.streams} streams`, { text });
    }
    holder.streams += 1;
    return holder;
  }

  #holderOf(party: string): Holder {
    const known = this.#holders.get(party);
    if (known !== undefined) return known;
    if (this.#holders.size >= MAX_IDLE_HOLDERS) this.#forgetIdle();
    const holder = { streams: 0 };
    this.#holders.set(party, holder);
    return holder;
  }

  #forgetIdle(): void {
    for (const [party, { streams }] of this.#holders) if (streams === 0) this.#holders.delete(party);
  }
}

function shareOf(maxStreams: number): number {
  const most = Math.min(MIN_SHARE_STREAMS, maxStreams * MAX_SHARE);
  return Math.max(Math.floor(Math.max(maxStreams * SHARE, most)), 1);
}
