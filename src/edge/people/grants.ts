/**
 * Access that people give and take while a tunnel runs: grants beside the rules of the agent's offer, and denials of people
 * for whom no rule counts. They are in the store, and this node reads its own copy. Only what the owner of a name has granted
 * counts: with a new owner a name starts without.
 */
import { ceilingCovers, type Policy } from '../../auth/identity/policy.js';
import { formatRule, GRANT_WORDS, parseRule, type Rule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import { readObject } from '../../store/json-value.js';
import type { Entry, Store } from '../../store/store.js';
import { Room } from './room.js';
import { TunnelMirror, tunnelOf } from './tunnel-mirror.js';

export type Effect = 'allow' | 'deny';

/** One rule word that was granted to a tunnel, or one person who was shut out. */
export interface Grant {
  readonly tunnel: string;
  readonly rule: Rule;
  readonly effect: Effect;
  /** Canonical email of the tunnel's owner. */
  readonly owner: string;
  /** Who has decided it: the owner, or an administrator. */
  readonly by: string;
  readonly sinceMs: number;
  /** Undefined: until it is taken back. */
  readonly expiresAtMs: number | undefined;
}

/** Whose tunnel. */
export interface Owned {
  readonly name: string;
  readonly owner: string;
}

export interface GrantsOptions {
  readonly store: Store;
  readonly ceiling: readonly Rule[] | undefined;
  readonly now?: () => number;
}

/**
 * The most of one tunnel, denials included, and of one owner at all tunnels. An agent may name a hundred rules; a team that is
 * let in one by one fits, or twenty people at each of a hundred tunnels. The last tenth of both is for denials.
 */
export const MAX_GRANTS = 1_000;
export const MAX_GRANTS_OF_OWNER = 2_000;

const PREFIX = 'grant:';

export class Grants {
  readonly ready: Promise<void>;
  readonly #store: Store;
  readonly #ceiling: readonly Rule[] | undefined;
  readonly #now: () => number;
  readonly #mirror: TunnelMirror<Grant>;
  readonly #room = new Room({ what: 'grants', ofTunnel: MAX_GRANTS, ofOwner: MAX_GRANTS_OF_OWNER });

  constructor({ store, ceiling, now = Date.now }: GrantsOptions) {
    this.#store = store;
    this.#ceiling = ceiling;
    this.#now = now;
    const keeps = ({ effect }: Grant) => effect === 'deny';
    this.#mirror = new TunnelMirror({ store, prefix: PREFIX, read: readGrant, keeps, now });
    this.ready = this.#mirror.ready;
  }

  /** The policy of a tunnel with its live grants and denials. */
  apply(offered: Policy, name: string): Policy {
    const grants = this.list({ name, owner: offered.owner });
    if (grants.length === 0) return offered;
    const allowed = grants.filter(({ effect }) => effect === 'allow').map(({ rule }) => rule);
    const denied = grants.flatMap(({ effect, rule }) =>
      effect === 'deny' && rule.kind === 'email' ? [rule.email] : [],
    );
    return { ...offered, rules: [...offered.rules, ...allowed], denied: new Set(denied) };
  }

  /** The live grants and denials of a tunnel, oldest first. */
  list({ name, owner }: Owned): Grant[] {
    const grants = this.#mirror.of(name).filter((grant) => grant.owner === owner);
    return grants.sort((one, other) => one.sinceMs - other.sinceMs);
  }

  /**
   * Grants what a rule word says, or shuts a person out, in place of what was decided about that word before. Throws
   * `ERR_BAD_REQUEST` for a word that cannot be granted, `ERR_OUTSIDE_CEILING`, `ERR_LIMIT_REACHED`,
   * `ERR_STORE_UNAVAILABLE`.
   */
  async decide(
    tunnel: Owned,
    word: string,
    how: { effect: Effect; by: string; forMs?: number | undefined },
  ): Promise<Grant> {
    const { effect, by, forMs } = how;
    const rule = this.#readRule(word, effect);
    const expiresAtMs = forMs === undefined ? undefined : this.#now() + forMs;
    const grant = this.#grant(tunnel, rule, { effect, by, expiresAtMs });
    await this.#writeWithin(grant);
    return grant;
  }

  /**
   * Lets one person in until a time, in milliseconds since the epoch, or until it is taken back: unless they were shut out, and
   * never for a shorter time than before. Resolves to undefined for a person who was shut out. Throws as `decide`.
   */
  async letIn(
    tunnel: Owned,
    email: string,
    how: { by: string; expiresAtMs: number | undefined },
  ): Promise<Grant | undefined> {
    const rule = this.#readRule(email, 'allow');
    for (;;) {
      const held = await this.#store.get(keyOf(tunnel.name, rule));
      const before = held === undefined ? undefined : readGrant(held);
      if (before !== undefined && before.owner === tunnel.owner) {
        if (before.effect === 'deny') return undefined;
        if (endMs(before) >= endMs(how)) return before;
      }
      const grant = this.#grant(tunnel, rule, { effect: 'allow', ...how });
      // The owner may have shut the person out in the meantime: then the version differs.
      if (await this.#writeWithin(grant, held?.version ?? 0)) return grant;
    }
  }

  /** Takes back what was decided about a rule word: the rules of the offer count again. Resolves to whether there was anything. */
  async takeBack(tunnel: Owned, word: string): Promise<boolean> {
    const rule = parseRule(word);
    const isThere =
      rule !== undefined && this.list(tunnel).some((grant) => formatRule(grant.rule) === formatRule(rule));
    return isThere && this.#store.delete(keyOf(tunnel.name, rule));
  }

  /** Calls the listener with the names of tunnels whose grants have changed, here or at another node, or have expired. */
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

  #grant({ name, owner }: Owned, rule: Rule, how: Pick<Grant, 'effect' | 'by' | 'expiresAtMs'>): Grant {
    return { tunnel: name, rule, owner, sinceMs: this.#now(), ...how };
  }

  async #write({ tunnel, rule, effect, owner, by, sinceMs, expiresAtMs }: Grant, ifVersion?: number): Promise<boolean> {
    const value = JSON.stringify({ effect, owner, by, since: sinceMs });
    const keepsReserve = effect === 'allow';
    const options = { expiresAtMs, keepsReserve, ...(ifVersion !== undefined && { ifVersion }) };
    return (await this.#store.put(keyOf(tunnel, rule), value, options)) !== undefined;
  }

  /** Writes what is in place of an earlier decision, or has room. To shut out whom a grant has let in never needs any. */
  async #writeWithin(grant: Grant, ifVersion?: number): Promise<boolean> {
    const { tunnel: name, owner, rule, effect } = grant;
    const write = () => this.#write(grant, ifVersion);
    const word = formatRule(rule);
    const before = this.#mirror.get(name, word);
    const isReplaced = before?.owner === owner;
    if (isReplaced && (effect === 'deny' || before.effect === effect)) return write();
    const others = this.list({ name, owner }).filter((other) => formatRule(other.rule) !== word);
    const held = { ofTunnel: others.length, ofOwner: this.#mirror.countOf(owner) - (isReplaced ? 1 : 0) };
    return this.#room.take({ name, owner }, held, write, { keepsReserve: effect === 'allow' });
  }

  #readRule(word: string, effect: Effect): Rule {
    const rule = parseRule(word);
    if (rule === undefined || rule.kind === 'public')
      throw refusal('ERR_BAD_REQUEST', `That is nothing that can be granted. ${GRANT_WORDS}`);
    if (effect === 'deny' && rule.kind !== 'email')
      throw refusal(
        'ERR_BAD_REQUEST',
        'Only a person can be shut out, by the email address: a rule is taken back instead.',
      );
    if (effect === 'allow' && ceilingCovers(this.#ceiling, rule) === false)
      throw refusal('ERR_OUTSIDE_CEILING', 'The operator of this edge does not permit tunnels to let in this account.');
    return rule;
  }
}

function endMs({ expiresAtMs }: Pick<Grant, 'expiresAtMs'>): number {
  return expiresAtMs ?? Number.POSITIVE_INFINITY;
}

function keyOf(name: string, rule: Rule): string {
  return `${PREFIX}${name}/${formatRule(rule)}`;
}

function readGrant({ key, value, expiresAtMs }: Entry): Grant | undefined {
  const id = key.slice(PREFIX.length);
  const rule = parseRule(id.slice(id.indexOf('/') + 1));
  const { effect, owner, by, since } = readObject(value);
  if (rule === undefined || (effect !== 'allow' && effect !== 'deny')) return undefined;
  if (typeof owner !== 'string' || typeof by !== 'string' || typeof since !== 'number') return undefined;
  return { tunnel: tunnelOf(id), rule, effect, owner, by, sinceMs: since, expiresAtMs };
}

function refusal(code: 'ERR_BAD_REQUEST' | 'ERR_OUTSIDE_CEILING', text: string): PosternError {
  return new PosternError(code, text, { text });
}
