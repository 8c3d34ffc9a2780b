/**
 * The owners of tunnels' names: a name belongs to its first user until it has been unused for thirty days. It is in use while an agent is
 * connected. It is claimed by one compare-and-set, so that of two owners one gets it; this node reads its own copy otherwise.
 */
import { GroupedIds } from '../../core/grouped-ids.js';
import { PosternError } from '../../errors.js';
import { readObject } from '../../store/json-value.js';
import { Mirror } from '../../store/mirror.js';
import type { Entry, Store } from '../../store/store.js';

/** A name and its owner, by canonical email. */
export interface OwnedName {
  readonly name: string;
  readonly owner: string;
}

export interface NamesOptions {
  readonly store: Store;
  readonly now?: () => number;
}

/** The most names of one owner. An agent's default names come from folders and branches; a hundred projects fit. */
export const MAX_NAMES_OF_ONE = 100;

export const UNUSED_FOR_MS = 30 * 86_400_000;

// A name in use is renewed once a day: the day is added to its time, so that it never has less than thirty after its last use.
const RENEWAL_MS = 86_400_000;
const TTL_MS = UNUSED_FOR_MS + RENEWAL_MS;

// An agent that dials again and again writes no more often than this.
const RENEWED_RECENTLY_MS = 3_600_000;

const PREFIX = 'name:';

interface Claim {
  readonly owner: string;
  readonly renewedAtMs: number;
}

export class Names {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #mirror: Mirror<Claim>;
  /** May hold names that have expired: they are removed when their owner's are counted. */
  readonly #byOwner = new GroupedIds();
  /** New names that are being written, by owner. */
  readonly #claiming = new Map<string, Set<string>>();
  #renewal: NodeJS.Timeout | undefined;

  constructor({ store, now = Date.now }: NamesOptions) {
    this.#store = store;
    this.#now = now;
    this.#mirror = new Mirror({ store, prefix: PREFIX, read: readClaim, keeps: () => true, now });
    this.#index(this.#mirror.ids());
    this.#mirror.onChange((names) => this.#index(names));
    this.ready = this.#mirror.ready;
  }

  /**
   * Claims a name for its use now. Throws `ERR_NAME_TAKEN`, `ERR_LIMIT_REACHED`, and `ERR_STORE_UNAVAILABLE` for a name that is
   * not known to be this owner's.
   */
  async claim({ name, owner }: OwnedName): Promise<void> {
    const held = this.#heldBy({ name, owner });
    if (held === undefined) return this.#claimNew({ name, owner });
    if (this.#now() - held.renewedAtMs < RENEWED_RECENTLY_MS) return;
    await this.#write({ name, owner }).catch((error: unknown) => {
      if (!isUnavailable(error)) throw error; // the name is the owner's, and is renewed another time
    });
  }

  /** Throws what `claim` would throw, and claims nothing. A store that takes no more entries is not noticed. */
  async check(owned: OwnedName): Promise<void> {
    if (this.#heldBy(owned) !== undefined) return;
    this.#checkRoom(owned.owner);
    await this.#store.get(PREFIX + owned.name);
  }

  /** From now on renews, once a day, the names that `inUse` returns. */
  keepRenewing(inUse: () => readonly OwnedName[]): void {
    this.#renewal = setInterval(() => void this.renew(inUse()), RENEWED_RECENTLY_MS).unref();
  }

  /** Renews each of the names that was not renewed for a day, and forgets those that have expired. */
  async renew(inUse: readonly OwnedName[]): Promise<void> {
    for (const owner of this.#byOwner.groups()) this.#countOf(owner); // of owners who never come back, too
    for (const { name, owner } of inUse) {
      const held = this.#mirror.get(name);
      const isDue = held === undefined || this.#now() - held.renewedAtMs >= RENEWAL_MS;
      // One that fails is tried again in an hour, twenty-three times in a day that its time has to spare.
      if (isDue) await this.#write({ name, owner }).catch(() => {});
    }
  }

  /** Calls the listener with each name that there is, and with those that are claimed or renewed later, at any node. */
  onClaim(listener: (owned: OwnedName) => void): void {
    const tell = (names: readonly string[]) => {
      for (const name of names) {
        const held = this.#mirror.get(name);
        if (held !== undefined) listener({ name, owner: held.owner });
      }
    };
    tell(this.#mirror.ids());
    this.#mirror.onChange(tell);
  }

  close(): void {
    clearInterval(this.#renewal);
    this.#mirror.close();
  }

  #heldBy({ name, owner }: OwnedName): Claim | undefined {
    const held = this.#mirror.get(name);
    if (held !== undefined && held.owner !== owner) throw taken(name, held.renewedAtMs + TTL_MS);
    return held;
  }

  #checkRoom(owner: string): void {
    // The store tells of a write before it confirms it: such a name is among those that are there.
    const coming = [...(this.#claiming.get(owner) ?? [])].filter((name) => this.#mirror.get(name)?.owner !== owner);
    if (this.#countOf(owner) + coming.length >= MAX_NAMES_OF_ONE) throw tooMany();
  }

  async #claimNew(claimed: OwnedName): Promise<void> {
    const { name, owner } = claimed;
    this.#checkRoom(owner);
    const claiming = this.#claiming.get(owner) ?? new Set();
    this.#claiming.set(owner, claiming.add(name));
    try {
      await this.#write(claimed);
    } finally {
      claiming.delete(name);
      if (claiming.size === 0) this.#claiming.delete(owner);
    }
  }

  async #write({ name, owner }: OwnedName): Promise<void> {
    const key = PREFIX + name;
    for (;;) {
      const current = await this.#store.get(key);
      // One that this version cannot read belongs to another owner, too.
      if (current !== undefined && readClaim(current)?.owner !== owner) throw taken(name, current.expiresAtMs);
      const options = { ifVersion: current?.version ?? 0, expiresAtMs: this.#now() + TTL_MS };
      if ((await this.#store.put(key, JSON.stringify({ owner }), options)) !== undefined) return;
    }
  }

  #countOf(owner: string): number {
    for (const name of [...this.#byOwner.of(owner)])
      if (this.#mirror.get(name)?.owner !== owner) this.#byOwner.delete(name);
    return this.#byOwner.of(owner).size;
  }

  #index(names: readonly string[]): void {
    for (const name of names) {
      const owner = this.#mirror.get(name)?.owner;
      if (owner === undefined) this.#byOwner.delete(name);
      else this.#byOwner.set(name, owner);
    }
  }
}

function readClaim({ value, expiresAtMs }: Entry): Claim | undefined {
  const { owner } = readObject(value);
  if (typeof owner !== 'string' || expiresAtMs === undefined) return undefined;
  return { owner, renewedAtMs: expiresAtMs - TTL_MS };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof PosternError && error.code === 'ERR_STORE_UNAVAILABLE';
}

// Whose it is stays unsaid.
function taken(name: string, untilMs: number | undefined): PosternError {
  const day = untilMs === undefined ? '' : `, ${new Date(untilMs).toISOString().slice(0, 10)} at the earliest`;
  const text = `The name ${name} belongs to another account until it has been unused for thirty days${day}: choose another --name.`;
  return new PosternError('ERR_NAME_TAKEN', text, { text });
}

function tooMany(): PosternError {
  const text = `One owner may hold at most ${MAX_NAMES_OF_ONE} names: use one of them, or wait until one has been unused for thirty days.`;
  return new PosternError('ERR_LIMIT_REACHED', text, { text });
}
