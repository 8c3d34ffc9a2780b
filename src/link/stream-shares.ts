/**
 * Shares the streams of one link fairly, so that no visitor blocks the others: each party may have a share of them, and the
 * last tenth is for parties with only a few.
 */
import { PosternError } from '../errors.js';

/** A stream on which the agent's window blocks what its party sends. */
export interface BlockedStream {
  /** In milliseconds of `performance.now()`. */
  readonly blockedSinceMs: number;
  /** Whether the agent has accepted bytes meanwhile: then the stream counts as blocked from now on. */
  hasProgressed(): boolean;
  /** Ends the stream in favour of another one of its party, and stops counting it. */
  evict(): void;
}

/** What one party holds. Each caller of `acquire` decrements `streams` once, when its stream ends. */
export interface Holder {
  streams: number;
  /** The blocked ones, in the order in which they were blocked. */
  readonly blocked: Set<BlockedStream>;
}

// A browser behind an HTTP/2 proxy opens a hundred streams at once; a quarter of our thousand is enough for two browsers.
export const SHARE = 1 / 4;
const MIN_SHARE_STREAMS = 100;
// Where an agent permits few streams, a party may have most of them, but not all.
const MAX_SHARE = 3 / 4;
export const RESERVED_SHARE = 1 / 10;
export const FEW_STREAMS = 4;

// An app may pause, and what is sent to it waits. Whether the visitor of such a stream is still connected is unknown: a
// connection that is not read does not report its end. Streams blocked for this long are evicted if their party needs room.
export const RECLAIMED_AFTER_MS = 30_000;

// Parties without streams are removed together, which costs less than removing each when its last stream ends.
const MAX_IDLE_HOLDERS = 1_000;

export class StreamShares {
  readonly #holders = new Map<string, Holder>();

  /**
   * Counts a stream for a party, while `running` of at most `maxStreams` are open. A party that has its share loses the
   * streams that were blocked for the longest, as many as needed, if enough are overdue; otherwise throws `ERR_TUNNEL_BUSY`.
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

/** Evicts as many overdue streams as needed to make room for another one, or none. */
function reclaim({ blocked: waiting, streams }: Holder, share: number): void {
  const needed = streams - share + 1;
  const overdue: BlockedStream[] = [];
  for (const oldest of waiting) {
    if (performance.now() - oldest.blockedSinceMs < RECLAIMED_AFTER_MS || overdue.length === needed) break;
    if (!oldest.hasProgressed()) overdue.push(oldest); // one that has progressed is now the last of them
  }
  if (overdue.length === needed) for (const stream of overdue) stream.evict();
}

function shareOf(maxStreams: number): number {
  const minShare = Math.min(MIN_SHARE_STREAMS, maxStreams * MAX_SHARE);
  return Math.max(Math.floor(Math.max(maxStreams * SHARE, minShare)), 1);
}
