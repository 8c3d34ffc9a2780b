/**
 * People who ask to be let in: signed in, refused by a tunnel's policy, and waiting for its owner. One pending request for
 * each person and tunnel. The person learns nothing about the tunnel, not even that there is one, until they are let in.
 */
import { accountId, type Identity } from '../../auth/identity/identity.js';
import { isPlainText } from '../../core/plain-text.js';
import { PosternError } from '../../errors.js';
import { readObject } from '../../store/json-value.js';
import { Pending } from '../../store/pending.js';
import type { Entry, Store } from '../../store/store.js';
import type { Owned } from './grants.js';
import { TunnelMirror, tunnelOf } from './tunnel-mirror.js';

export interface Knock {
  /** Names the person and the tunnel, and reveals neither. */
  readonly id: string;
  readonly tunnel: string;
  /** Canonical email of the tunnel's owner. */
  readonly owner: string;
  /** Canonical email of the person who asks; verified. */
  readonly email: string;
  /** What the person has to say; empty for nothing. Plain text of a stranger. */
  readonly message: string;
  readonly askedAtMs: number;
}

export interface KnocksOptions {
  readonly store: Store;
  readonly now?: () => number;
}

export const MAX_MESSAGE_CHARS = 200;

/** The most pending requests of one tunnel: more than an owner reads. */
export const MAX_KNOCKS = 50;

/** A request that its owner ignores is forgotten after this time. */
export const KNOCK_TTL_MS = 24 * 3_600_000;

/** After a no, further requests of the person are dropped for this long. */
export const REFUSED_FOR_MS = 3_600_000;

const PREFIX = 'knock:';
const REFUSED_PREFIX = 'refused-knock:';

// What is written when there is no tunnel: as much, as often and for as long, so that time tells nothing.
const VOID_PREFIX = 'void-knock:';

export class Knocks {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #mirror: TunnelMirror<Knock>;
  readonly #pending = new Pending();

  constructor({ store, now = Date.now }: KnocksOptions) {
    this.#store = store;
    this.#now = now;
    this.#mirror = new TunnelMirror({ store, prefix: PREFIX, read: readKnock, now });
    this.ready = this.#mirror.ready;
  }

  /**
   * Asks the owner of a tunnel; has no effect where there is no tunnel. The first of several requests of a person counts. Resolves
   * to the request if it is new. Throws `ERR_BAD_REQUEST` for an unfit message, `ERR_STORE_UNAVAILABLE`.
   */
  async ask(name: string, tunnel: Owned | undefined, identity: Identity, message: string): Promise<Knock | undefined> {
    if (message !== '' && !isPlainText(message, MAX_MESSAGE_CHARS))
      throw new PosternError('ERR_BAD_REQUEST', 'unfit message', { text: UNFIT_MESSAGE });
    const id = accountId(identity);
    const isDropped = tunnel === undefined || (await this.#wasRefused(tunnel, id));
    const isPending = !isDropped && this.list(tunnel).length + this.#pending.of(name) < MAX_KNOCKS;
    const key = isPending ? `${PREFIX}${name}/${id}` : `${VOID_PREFIX}${name}/${id}`;
    const askedAtMs = this.#now();
    const knock = { owner: tunnel?.owner ?? '', email: identity.email, message, askedAt: askedAtMs };
    const how = { ifVersion: 0, expiresAtMs: askedAtMs + KNOCK_TTL_MS };
    const write = () => this.#store.put(key, JSON.stringify(knock), how);
    const written = await this.#pending.during(isPending ? [name] : [], write);
    return written !== undefined && isPending ? readKnock(written) : undefined;
  }

  /** The pending requests of a tunnel, oldest first. */
  list({ name, owner }: Owned): Knock[] {
    const knocks = this.#mirror.of(name).filter((knock) => knock.owner === owner);
    return knocks.sort((one, other) => one.askedAtMs - other.askedAtMs);
  }

  find(tunnel: Owned, id: string): Knock | undefined {
    return this.list(tunnel).find((knock) => knock.id === id);
  }

  /** Ends the requests of a person to a tunnel, after a decision about this person. */
  async settle(tunnel: Owned, email: string, answer: 'allow' | 'deny'): Promise<void> {
    for (const { id } of this.list(tunnel).filter((knock) => knock.email === email)) {
      const expiresAtMs = this.#now() + REFUSED_FOR_MS;
      if (answer === 'deny') await this.#store.put(`${REFUSED_PREFIX}${tunnel.name}/${id}`, '', { expiresAtMs });
      await this.#store.delete(`${PREFIX}${tunnel.name}/${id}`);
    }
  }

  /** Calls the listener with the tunnels whose pending requests have changed. */
  onChange(listener: (tunnels: readonly string[]) => void): void {
    this.#mirror.onChange(listener);
  }

  /** Removes what former owners of a name have left. Rejects with `ERR_STORE_UNAVAILABLE`. */
  forgetOthers(tunnel: Owned): Promise<void> {
    return this.#mirror.forgetOthers(tunnel);
  }

  close(): void {
    this.#mirror.close();
  }

  async #wasRefused({ name }: Owned, id: string): Promise<boolean> {
    return (await this.#store.get(`${REFUSED_PREFIX}${name}/${id}`)) !== undefined;
  }
}

const UNFIT_MESSAGE = `The message is not a text of one line and at most ${MAX_MESSAGE_CHARS} characters.`;

function readKnock({ key, value }: Entry): Knock | undefined {
  const rest = key.slice(PREFIX.length);
  const tunnel = tunnelOf(rest);
  const { owner, email, message, askedAt } = readObject(value);
  if (typeof owner !== 'string' || typeof email !== 'string') return undefined;
  if (typeof message !== 'string' || typeof askedAt !== 'number') return undefined;
  return { id: rest.slice(tunnel.length + 1), tunnel, owner, email, message, askedAtMs: askedAt };
}
