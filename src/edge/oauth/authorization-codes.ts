/**
 * Authorization codes (RFC 6749 section 4.1.2): sixty seconds, once, bound to a redirect URI and a PKCE challenge. A code that
 * was used stays known for a while, so that its second use ends what the first one began.
 */
import type { Identity } from '../../auth/identity/identity.js';
import { createTokenId } from '../../link/token.js';
import type { Store } from '../../store/store.js';
import type { Origin } from './client.js';
import { isVerifierOf, type OAuthSecrets } from './oauth-secrets.js';
import { readStored } from './stored.js';

/** What every code is bound to. */
export interface BoundGrant {
  readonly identity: Identity;
  readonly redirectUri: string;
  /** S256 (RFC 7636 section 4.2). */
  readonly challenge: string;
}

/** What the code of an agent is for. */
export interface CodeGrant extends BoundGrant {
  readonly origin: Origin;
}

export interface Redemption<Grant extends BoundGrant = BoundGrant> {
  readonly redirectUri: string;
  readonly verifier: string;
  /** Whether it is for who presents it, beyond that. Default: yes. */
  readonly isFor?: (grant: Grant) => boolean;
}

/** What becomes of a code of any kind. */
export type RedeemedCode<Grant extends BoundGrant> =
  | (Grant & { readonly kind: 'granted'; readonly id: string })
  | Exclude<Redeemed, { kind: 'granted' }>;

/** `id` is that of the sign-in which the first use of a code or a device code begins. */
export type Redeemed =
  | { readonly kind: 'granted'; readonly id: string; readonly identity: Identity; readonly origin: Origin }
  | { readonly kind: 'reused'; readonly id: string; readonly owner: string }
  | { readonly kind: 'refused' };

interface Used {
  readonly id: string;
  readonly owner: string;
}

const LIFETIME_MS = 60_000;

/** How long a code that was used is remembered. */
export const REMEMBERED_MS = 10 * 60_000;

export interface AuthorizationCodesOptions {
  readonly store: Store;
  readonly oauth: OAuthSecrets;
  /** Whose codes they are: no code of one kind is one of another. Default: those of agents. */
  readonly kind?: 'agent-code' | 'client-code';
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export class AuthorizationCodes<Grant extends BoundGrant = CodeGrant> {
  readonly #options: AuthorizationCodesOptions;
  readonly #kind: string;
  readonly #now: () => number;

  constructor(options: AuthorizationCodesOptions) {
    this.#options = options;
    this.#kind = `${options.kind ?? 'agent-code'}:`;
    this.#now = options.now ?? Date.now;
  }

  async issue(grant: Grant): Promise<string> {
    const { store, oauth } = this.#options;
    const code = oauth.createCode();
    const expiresAtMs = this.#now() + LIFETIME_MS;
    await store.put(this.#kind + oauth.hash('code', code), JSON.stringify(grant), { ifVersion: 0, expiresAtMs });
    return code;
  }

  /** Uses a code up, also when it is presented with another redirect URI or verifier: then another party has it. */
  async redeem(code: string, redemption: Redemption<Grant>): Promise<RedeemedCode<Grant>> {
    const { store, oauth } = this.#options;
    const key = this.#kind + oauth.hash('code', code);
    const entry = await store.get(key);
    if (entry === undefined) return { kind: 'refused' };
    const former = readStored<Used>(entry.value, ['id', 'owner']);
    if (former !== undefined) return { kind: 'reused', id: former.id, owner: former.owner };
    const grant = readStored<Grant>(entry.value, ['identity', 'redirectUri', 'challenge']);
    if (grant === undefined || !isBoundTo(grant, redemption)) {
      await store.delete(key, entry.version);
      return { kind: 'refused' };
    }
    const used: Used = { id: createTokenId(), owner: grant.identity.email };
    const expiresAtMs = this.#now() + REMEMBERED_MS;
    const written = await store.put(key, JSON.stringify(used), { ifVersion: entry.version, expiresAtMs });
    if (written === undefined) return this.redeem(code, redemption); // another request was first
    return { ...grant, kind: 'granted', id: used.id };
  }
}

function isBoundTo<Grant extends BoundGrant>(
  grant: Grant,
  { redirectUri, verifier, isFor = () => true }: Redemption<Grant>,
): boolean {
  return grant.redirectUri === redirectUri && isVerifierOf(grant.challenge, verifier) && isFor(grant);
}
