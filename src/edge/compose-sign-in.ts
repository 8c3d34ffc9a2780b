/** Composes the sign-in of visitors, of which `compose.ts` is given the parts. */
import { decide } from '../auth/identity/policy.js';
import { Nonces } from '../auth/session/nonce.js';
import { NO_OWNER } from '../auth/session/session.js';
import { Tickets } from '../auth/session/ticket.js';
import { Transactions } from '../auth/session/transaction.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Redemptions } from '../store/redemptions.js';
import type { SharedCounters } from '../store/store.js';
import type { Registry } from './gate/registry.js';
import { soleDomain } from './provider.js';
import { AttemptLimit } from './request/attempts.js';
import { SignIn, type SignInOptions } from './routes/sign-in.js';
import { VisitLimit } from './routes/visit-limit.js';

type SignInParts = Pick<SignInOptions, 'providers' | 'ended' | 'observer' | 'sessions' | 'checkStore'> & {
  readonly registry: Registry;
  readonly redemptions: Redemptions;
  readonly counters: SharedCounters | undefined;
};

export function composeSignIn(
  { base, secrets, allow: ceiling }: EdgeConfig,
  { providers, ended, redemptions, sessions, registry, observer, counters, checkStore }: SignInParts,
): SignIn {
  const { issuers } = providers;
  const secure = base.scheme === 'https';
  const ownerOf = (name: string) => registry.find(name)?.ownerTag ?? NO_OWNER;
  return new SignIn({
    base,
    providers,
    sessions,
    tickets: new Tickets({ secrets, issuers, redemptions }),
    nonces: new Nonces(secrets),
    transactions: new Transactions({ secrets, secure, redemptions }),
    starts: new VisitLimit('sign-in', counters),
    completions: new AttemptLimit('sign-in', { counters }),
    accounts: new AttemptLimit('account-sign-in', { counters }),
    ended,
    checkStore,
    observer,
    domainHint: soleDomain(ceiling),
    isAdmitted: ({ identity }, name) => {
      const tunnel = registry.find(name);
      return tunnel !== undefined && decide(tunnel.policy, identity).allow;
    },
    ownerOf,
  });
}
