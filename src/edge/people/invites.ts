/**
 * Invites: links with which the first people who sign in may open a tunnel. An invite counts for the owner who made it: with a new owner of the name it is void.
 */
import { randomBytes } from 'node:crypto';
import type { Identity } from '../../auth/identity/identity.js';
import { ceilingCovers } from '../../auth/identity/policy.js';
import type { Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { Store } from '../../store/store.js';
import type { Owned } from './grants.js';
import { accountOf, type Invite, isFor, PREFIX, readInvite, type Stored, sha256, shown } from './invite-entry.js';
import { type Count, Room } from './room.js';
import { TunnelMirror } from './tunnel-mirror.js';

export interface InviteRequest {
  readonly by: string;
  /** From 1 to `MAX_USES`. Default: 1. */
  readonly uses?: number | undefined;
  /** Canonical. */
  readonly email?: string | undefined;
  /** The time after which link and access end, in milliseconds. Default: the link after `LINK_TTL_MS`, the access never. */
  readonly forMs?: number | undefined;
}

export interface InvitesOptions {
  readonly store: Store;
  readonly ceiling: readonly Rule[] | undefined;
  readonly now?: () => number;
}

/** The most of one tunnel and of one owner that are not used up. One that is used up makes room. */
export const MAX_INVITES = 50;
export const MAX_INVITES_OF_OWNER = 500;

export const MAX_USES = 100;

/** A link without a time of its own. */
export const LINK_TTL_MS = 7 * 24 * 3_600_000;

const ID_BYTES = 6;
const SECRET_BYTES = 18;
const CODE = /^([0-9a-f]{12})\.([\w-]{24})$/;

export class Invites {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #ceiling: readonly Rule[] | undefined;
  readonly #now: () => number;
  readonly #mirror: TunnelMirror<Stored>;
  readonly #room = new Room({
    what: 'invites that are not used up',
    ofTunnel: MAX_INVITES,
    ofOwner: MAX_INVITES_OF_OWNER,
  });

  constructor({ store, ceiling, now = Date.now }: InvitesOptions) {
    this.#store = store;
    this.#ceiling = ceiling;
    this.#now = now;
    this.#mirror = new TunnelMirror({ store, prefix: PREFIX, read: readInvite, now });
    this.ready = this.#mirror.ready;
  }

  /**
   * Makes an invite. `code` is what its link holds, and is told only here. Throws `ERR_OUTSIDE_CEILING` for a person whom the
   * ceiling rules out, `ERR_LIMIT_REACHED`, `ERR_STORE_UNAVAILABLE`.
   */
  async create(tunnel: Owned, request: InviteRequest): Promise<{ readonly invite: Invite; readonly code: string }> {
    const { by, uses = 1, email, forMs } = request;
    if (email !== undefined && ceilingCovers(this.#ceiling, { kind: 'email', email }) === false)
      throw new PosternError('ERR_OUTSIDE_CEILING');
    const id = randomBytes(ID_BYTES).toString('hex');
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const sinceMs = this.#now();
    const expiresAtMs = sinceMs + (forMs ?? LINK_TTL_MS);
    const terms = { by, uses, email, sinceMs, expiresAtMs, endsAccess: forMs !== undefined };
    const stored = { id, tunnel: tunnel.name, owner: tunnel.owner, hash: sha256(secret), accounts: [], ...terms };
    await this.#room.take(tunnel, this.#count(tunnel), async () => {
      await this.#removeSpent(tunnel);
      await this.#write(stored);
    });
    return { invite: shown(stored), code: `${id}.${secret}` };
  }

  /** The live invites of a tunnel, those that are used up included, oldest first. */
  list(tunnel: Owned): Invite[] {
    return this.#of(tunnel).map(shown);
  }

  /** The invite of a code, if it lets this visitor in. Consumes nothing. */
  find(tunnel: Owned, code: string, identity: Identity): Invite | undefined {
    const [, id, secret = ''] = CODE.exec(code) ?? [];
    const stored = this.#of(tunnel).find((invite) => invite.id === id);
    return stored !== undefined && isFor(stored, tunnel, secret, identity) ? shown(stored) : undefined;
  }

  /**
   * Uses the invite of a code, once for each account. Undefined if it does not let this visitor in. Rejects with
   * `ERR_STORE_UNAVAILABLE`.
   */
  async redeem(tunnel: Owned, code: string, identity: Identity): Promise<Invite | undefined> {
    const [, id, secret = ''] = CODE.exec(code) ?? [];
    if (id === undefined) return undefined;
    for (;;) {
      const entry = await this.#store.get(`${PREFIX}${tunnel.name}/${id}`);
      const stored = entry === undefined ? undefined : readInvite(entry);
      if (entry === undefined || stored === undefined || !isFor(stored, tunnel, secret, identity)) return undefined;
      const account = accountOf(stored, identity);
      if (stored.accounts.includes(account)) return shown(stored);
      const used = { ...stored, accounts: [...stored.accounts, account] };
      // Another account may have used it in the meantime: then the version differs.
      if (await this.#write(used, entry.version)) return shown(used);
    }
  }

  /** Ends a link; whom it has let in stays. Resolves to the invite, undefined if there is none. */
  async revoke(tunnel: Owned, id: string): Promise<Invite | undefined> {
    const invite = this.list(tunnel).find((one) => one.id === id);
    const isGone = invite !== undefined && (await this.#store.delete(`${PREFIX}${tunnel.name}/${id}`));
    return isGone ? invite : undefined;
  }

  /** Calls the listener with the tunnels whose invites have changed. */
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

  #of({ name, owner }: Owned): Stored[] {
    const invites = this.#mirror.of(name).filter((invite) => invite.owner === owner);
    return invites.sort((one, other) => one.sinceMs - other.sinceMs);
  }

  #count(tunnel: Owned): Count {
    const ofTunnel = this.#of(tunnel).filter((invite) => !isSpent(invite)).length;
    return { ofTunnel, ofOwner: this.#mirror.countOf(tunnel.owner) };
  }

  /** Those that are used up stay in the list until others need the room, the oldest goes first. */
  async #removeSpent(tunnel: Owned): Promise<void> {
    for (const invite of this.#of(tunnel).filter(isSpent)) {
      if (this.#of(tunnel).length < MAX_INVITES) return;
      await this.revoke(tunnel, invite.id);
    }
  }

  async #write({ id, tunnel, expiresAtMs, ...value }: Stored, ifVersion = 0): Promise<boolean> {
    const options = { ifVersion, expiresAtMs };
    return (await this.#store.put(`${PREFIX}${tunnel}/${id}`, JSON.stringify(value), options)) !== undefined;
  }
}

function isSpent({ uses, accounts }: Stored): boolean {
  return accounts.length >= uses;
}
