/**
 * How much there may be of what the owners of tunnels make: of each tunnel, and of each owner at all tunnels. Counts what is
 * being written, so that requests at once make no more than requests in a row.
 */
import { PosternError } from '../../errors.js';
import { Pending } from '../../store/pending.js';

/** The share of each bound that is left to what takes access away. */
export const RESERVED_SHARE = 1 / 10;

export interface Bounds {
  /** In the plural, as a sentence names them. */
  readonly what: string;
  readonly ofTunnel: number;
  readonly ofOwner: number;
}

/** What there is now. */
export interface Count {
  readonly ofTunnel: number;
  readonly ofOwner: number;
}

export class Room {
  readonly #bounds: Bounds;
  readonly #pending = new Pending();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /**
   * Writes one more. Throws `ERR_LIMIT_REACHED`, and does not write, where there is no room beside what is there and what is
   * being written; with `keepsReserve` as soon as nine tenths are taken. Nothing is awaited between the two.
   */
  async take<T>(
    { name, owner }: { readonly name: string; readonly owner: string },
    held: Count,
    write: () => Promise<T>,
    { keepsReserve = false }: { readonly keepsReserve?: boolean } = {},
  ): Promise<T> {
    const { what, ofTunnel, ofOwner } = this.#bounds;
    const share = keepsReserve ? 1 - RESERVED_SHARE : 1;
    const parties = [`tunnel ${name}`, `owner ${owner}`] as const;
    if (held.ofTunnel + this.#pending.of(parties[0]) >= ofTunnel * share)
      throw full('A tunnel', ofTunnel * share, what);
    if (held.ofOwner + this.#pending.of(parties[1]) >= ofOwner * share) throw full('One owner', ofOwner * share, what);
    return this.#pending.during(parties, write);
  }
}

function full(whose: string, most: number, what: string): PosternError {
  const text = `${whose} has at most ${most.toLocaleString('en')} ${what}: take some back first.`;
  return new PosternError('ERR_LIMIT_REACHED', text, { text });
}
