/**
 * The tokens that agents and programs have presented. A token of `postern token create` is made without the edge, which learns
 * of it by its first use: what it permits, when and from where it was used. Never the token itself. Kept in the store until
 * the token expires; read from this node's own copy.
 */
import type { TokenGrant } from '../../link/token.js';
import { readObject } from '../../store/json-value.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';

/** A token that was presented. Times in milliseconds since the epoch. */
export interface SeenToken extends TokenGrant {
  readonly firstSeenMs: number;
  /** Up to `SEEN_RESOLUTION_MS` before its last use. */
  readonly lastSeenMs: number;
  /** The IP address at `lastSeenMs`. */
  readonly address: string;
}

export interface SeenTokensOptions {
  readonly store: Store;
  readonly now?: () => number;
}

/** A token that is presented again and again is written no more often than this. */
export const SEEN_RESOLUTION_MS = 3_600_000;

/** Tokens of one owner; the one that was not seen for the longest time makes room, and is known again when it is presented. */
export const MAX_SEEN_OF_ONE = 200;

const PREFIX = 'seen-token:';

export class SeenTokens {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #mirror: Mirror<SeenToken>;
  readonly #writing = new Set<string>();

  constructor({ store, now = Date.now }: SeenTokensOptions) {
    this.#store = store;
    this.#now = now;
    this.#mirror = new Mirror({ store, prefix: PREFIX, read: readSeen, now });
    this.ready = this.#mirror.ready;
  }

  /** Notes a valid token. Returns at once: what cannot be written is written when the token is presented again. */
  note(grant: TokenGrant, address: string): void {
    const known = this.#mirror.get(grant.id);
    const isRecent = known !== undefined && this.#now() - known.lastSeenMs < SEEN_RESOLUTION_MS;
    // All tokens of one sign-in have the same id: the one that lives the longest counts.
    if ((isRecent && known.expiresAtMs >= grant.expiresAtMs) || this.#writing.has(grant.id)) return;
    this.#writing.add(grant.id);
    this.#write(grant, known, address)
      .catch(() => {}) // see above
      .finally(() => this.#writing.delete(grant.id));
  }

  /** The tokens of an owner, or of all, that have not expired. */
  list(owner?: string): SeenToken[] {
    const tokens = this.#mirror.ids().flatMap((id) => this.#mirror.get(id) ?? []);
    return owner === undefined ? tokens : tokens.filter((token) => token.owner === owner);
  }

  /** Forgets a token, after it was revoked. */
  async forget(id: string): Promise<void> {
    await this.#store.delete(PREFIX + id);
  }

  close(): void {
    this.#mirror.close();
  }

  async #write(grant: TokenGrant, known: SeenToken | undefined, address: string): Promise<void> {
    if (known === undefined) await this.#makeRoom(grant.owner);
    const { id, owner, tunnels, issuedAtMs } = grant;
    const nowMs = this.#now();
    const expiresAtMs = Math.max(grant.expiresAtMs, known?.expiresAtMs ?? 0);
    const times = { issuedAtMs: known?.issuedAtMs ?? issuedAtMs, firstSeenMs: known?.firstSeenMs ?? nowMs };
    const value = JSON.stringify({ owner, tunnels, ...times, lastSeenMs: nowMs, address });
    await this.#store.put(PREFIX + id, value, { expiresAtMs });
  }

  async #makeRoom(owner: string): Promise<void> {
    const own = this.list(owner).sort((one, other) => other.lastSeenMs - one.lastSeenMs);
    for (const { id } of own.slice(MAX_SEEN_OF_ONE - 1)) await this.forget(id);
  }
}

/** Undefined for an entry that this version does not understand. */
function readSeen({ key, value, expiresAtMs }: Entry): SeenToken | undefined {
  const { owner, tunnels, issuedAtMs, firstSeenMs, lastSeenMs, address } = readObject(value);
  if (typeof owner !== 'string' || typeof address !== 'string' || expiresAtMs === undefined) return undefined;
  if (typeof issuedAtMs !== 'number' || typeof firstSeenMs !== 'number' || typeof lastSeenMs !== 'number')
    return undefined;
  if (!Array.isArray(tunnels) || !tunnels.every((name): name is string => typeof name === 'string')) return undefined;
  return { id: key.slice(PREFIX.length), owner, tunnels, issuedAtMs, expiresAtMs, firstSeenMs, lastSeenMs, address };
}
