/**
 * What an edge remembers, in its store: who was signed out, what was revoked, who may open what, and whose the names are. Each part has
 * its own copy of its entries, which follows those of other nodes.
 */
import type { Providers } from '../auth/providers/providers.js';
import { EndedAccounts } from '../auth/session/ended-accounts.js';
import type { Others } from '../cluster/others.js';
import type { EdgeConfig } from '../config/edge-config.js';
import { tunnelHost } from '../core/hostname.js';
import { Revocations } from '../store/revocations.js';
import type { Store } from '../store/store.js';
import { Names } from './agents/names.js';
import { SeenTokens } from './agents/seen-tokens.js';
import { ClientSignIns } from './clients/client-sign-ins.js';
import { ClientTokens } from './clients/client-tokens.js';
import type { Revalidator } from './gate/revalidation.js';
import type { VisitorSignIn } from './people/visitor-sign-ins.js';
import { AttemptLimit } from './request/attempts.js';
import { Sharing } from './sharing.js';
import { StoreGrace } from './store-grace.js';
import { withPatience } from './store-patience.js';

export interface Remembered {
  readonly grace: StoreGrace;
  readonly ended: Revocations;
  readonly endedAccounts: EndedAccounts;
  readonly endedTokens: Revocations;
  readonly sharing: Sharing;
  readonly names: Names;
  readonly seenTokens: SeenTokens;
  close(): void;
}

export interface RememberedOptions {
  readonly store: Store;
  readonly providers: Providers;
  readonly revalidator: Revalidator;
  readonly others: Others;
}

/** Resolves once all of it is known. Rejects with `ERR_STORE_UNAVAILABLE` when a shared store stays away. */
export async function openRemembered(
  config: EdgeConfig,
  { store, providers, revalidator, others }: RememberedOptions,
): Promise<Remembered> {
  const { allow: ceiling, sessionTtlMs, clientTtlMs } = config;
  const grace = new StoreGrace({ store, graceMs: config.storeGraceMs });
  const ended = new Revocations(store, 'ended-sign-in');
  const endedTokens = new Revocations(store, 'revoked-token');
  const endedAccounts = new EndedAccounts({ store, ttlMs: Math.max(sessionTtlMs, clientTtlMs) });
  const isActive = (signIn: VisitorSignIn) => !ended.has(signIn.id) && !endedAccounts.has(signIn);
  const clientSignIns = new ClientSignIns({
    store,
    tokens: new ClientTokens(config.secrets),
    checkEnded: grace.check,
    isEnded: (session) => endedAccounts.has(session),
    recheck: (identity) => providers.recheck(identity),
    hostOf: (tunnel) => tunnelHost(config.base, tunnel),
    refreshes: new AttemptLimit('client-refresh', store),
    ttlMs: clientTtlMs,
  });
  const signIns = { signInTtlMs: sessionTtlMs, isActive, clientSignIns };
  const sharing = new Sharing({ store, ceiling, revalidator, others, ...signIns });
  const names = new Names({ store });
  const seenTokens = new SeenTokens({ store });
  const copies = [ended, endedAccounts, endedTokens, sharing, names, seenTokens];
  await withPatience(store, () => Promise.all(copies.map(({ ready }) => ready)));
  return {
    ...{ grace, ended, endedAccounts, endedTokens, sharing, names, seenTokens },
    close: () => {
      for (const part of [grace, ...copies]) part.close();
    },
  };
}
