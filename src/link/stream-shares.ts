/**
 * Who holds the streams of one link, so that no visitor shuts the others out: each may have a share of them, and the last
 * tenth is for those who have only a few.
 */
import { PosternError } from '../errors.js';

/** A stream whose agent takes nothing more of what its party sends, for now. */
export interface BlockedStream {
  /** In milliseconds of `performance.now()`. */
  readonly blockedSinceMs: number;
  /** Whether the agent has taken some of it meanwhile: then it waits from now on. */
  hasProgressed(): boolean;
  /** Ends it in favour of another stream of its party, and counts it down. */
  evict(): void;
}

/** What one party holds. Counted down by whoever was given it, once for each time. */
export interface Holder {
  streams: number;
  /** Those of the streams that wait, the one that has waited the longest first. */
  readonly blocked: Set<BlockedStream>;
}

// A browser behind an HTTP/2 proxy opens a hundred at once, and a quarter of our own thousand is two and a half of those.
export const SHARE = 1 / 4;
const MIN_SHARE_STREAMS = 100;
// Where an agent takes few streams, a party may have most of them, and never all.
const MAX_SHARE = 3 / 4;
export const RESERVED_SHARE = 1 / 10;
export const FEW_STREAMS = 4;

// An app may rest, and what is sent to it waits. Nobody can tell whether the party of such a stream is still there: a
// connection that is not read does not tell that it is closed. When the party needs the room, those have it no longer.
export const RECLAIMED_AFTER_MS = 30_000;

// Those who hold nothing are forgotten together, which costs less than forgetting each.
const MAX_IDLE_HOLDERS = 1_000;

export class StreamShares {
  readonly #holders = new Map<string, Holder>();

  /**
   * Counts one stream for a party, when so many of at most `maxStreams` run. A party that has its share loses the streams
   * that have waited the longest, as many as make room, if enough have waited for long; else this throws `ERR_TUNNEL_BUSY`.
   */
  acquire(party: string, running: number, maxStreams: number): Holder {
    const holder = this.#holderOf(party);
    const isScarce = running >= maxStreams - Math.floor(maxStreams * RESERVED_SHARE);
    const share = isScarce ? Math.min(FEW_STREAMS, shareOf(maxStreams)) : shareOf(maxStreams);
    if (holder.streams >= share) reclaim(holder, share);
    if (holder.streams >= share) {
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
    const holder = { streams: 0, blocked: new Set<BlockedStream>() };
    this.#holders.set(party, holder);
    return holder;
  }

  #forgetIdle(): void {
    for (const [party, { streams }] of this.#holders) if (streams === 0) this.#holders.delete(party);
  }
}

/** Ends as many streams that wait for long as it takes to make room for another one, or none. */
function reclaim({ blocked: waiting, streams }: Holder, share: number): void {
  const needed = streams - share + 1;
  const overdue: BlockedStream[] = [];
  for (const oldest of waiting) {
    if (performance.now() - oldest.blockedSinceMs < RECLAIMED_AFTER_MS || overdue.length === needed) break;
    if (!oldest.hasProgressed()) overdue.push(oldest); // one that has is the last of them now
  }
  if (overdue.length === needed) for (const stream of overdue) stream.evict();
}

function shareOf(maxStreams: number): number {
  const most = Math.min(MIN_SHARE_STREAMS, maxStreams * MAX_SHARE);
  return Math.max(Math.floor(Math.max(maxStreams * SHARE, most)), 1);
}
