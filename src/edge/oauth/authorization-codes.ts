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

export interface CodeGrant {
  readonly identity: Identity;
  readonly origin: Origin;
  readonly redirectUri: string;
  /** S256 (RFC 7636 section 4.2). */
  readonly challenge: string;
}

export interface Redemption {
  readonly redirectUri: string;
  readonly verifier: string;
}

/** `id` is that of the sign-in which the first use of a code or a device code begins. */
export type Redeemed =
  | { readonly kind: 'granted'; readonly id: string; readonly identity: Identity; readonly origin: Origin }
  | { readonly kind: 'reused'; readonly id: string; readonly owner: string }
  | { readonly kind: 'refused' };

interface Used {
  readonly id: string;
  readonly owner: string;
}

const KIND = 'agent-code:';

const LIFETIME_MS = 60_000;

/** How long a code that was used is remembered. */
export const REMEMBERED_MS = 10 * 60_000;

export interface AuthorizationCodesOptions {
  readonly store: Store;
  readonly oauth: OAuthSecrets;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export class AuthorizationCodes {
  readonly #options: AuthorizationCodesOptions;
  readonly #now: () => number;

  constructor(options: AuthorizationCodesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async issue(grant: CodeGrant): Promise<string> {
    const { store, oauth } = this.#options;
    const code = oauth.createCode();
    const expiresAtMs = this.#now() + LIFETIME_MS;
    await store.put(KIND + oauth.hash('code', code), JSON.stringify(grant), { ifVersion: 0, expiresAtMs });
    return code;
  }

  /** Uses a code up, also when it is presented with another redirect URI or verifier: then another party has it. */
  async redeem(code: string, { redirectUri, verifier }: Redemption): Promise<Redeemed> {
    const { store, oauth } = this.#options;
    const key = KIND + oauth.hash('code', code);
    const entry = await store.get(key);
    if (entry === undefined) return { kind: 'refused' };
    const former = readStored<Used>(entry.value, ['id', 'owner']);
    if (former !== undefined) return { kind: 'reused', id: former.id, owner: former.owner };
    const state = readStored<CodeGrant>(entry.value, ['identity', 'origin', 'redirectUri', 'challenge']);
    if (state?.redirectUri !== redirectUri || !isVerifierOf(state.challenge, verifier)) {
      await store.delete(key, entry.version);
      return { kind: 'refused' };
    }
    const used: Used = { id: createTokenId(), owner: state.identity.email };
    const expiresAtMs = this.#now() + REMEMBERED_MS;
    const written = await store.put(key, JSON.stringify(used), { ifVersion: entry.version, expiresAtMs });
    if (written === undefined) return this.redeem(code, { redirectUri, verifier }); // another request was first
    return { kind: 'granted', id: used.id, identity: state.identity, origin: state.origin };
  }
}
