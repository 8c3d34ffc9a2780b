/**
 * The API's route by which the owner of a tunnel repeats a request as the person who made it: a fresh assertion for one that this
 * edge has signed for the tunnel. It signs nothing that it has not signed before, and for no person who would not be let in now.
 */
import type { Request } from 'express';
import type { Assertions } from '../../auth/identity/assertion.js';
import { type RenewableClaims, signedAtMs } from '../../auth/identity/assertion-renewal.js';
import { type Identity, neededHostedDomain } from '../../auth/identity/identity.js';
import { decide } from '../../auth/identity/policy.js';
import type { Providers } from '../../auth/providers/providers.js';
import type { EndedAccounts } from '../../auth/session/ended-accounts.js';
import type { Tunnel } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { jsonReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import type { RouteTable } from '../routes/route.js';
import { fieldsOf, invalid, JSON_BODY, textOf } from './body.js';
import type { Callers } from './caller.js';
import { param } from './tunnels.js';

export interface AssertionApiOptions {
  readonly callers: Callers;
  readonly assertions: Assertions;
  /** They may vouch for less than at the sign-in, or be gone. */
  readonly providers: Pick<Providers, 'ofIssuer' | 'recheck'>;
  readonly endedAccounts: EndedAccounts;
  readonly observer: Observer;
}

const MAX_CHARS = 16_000;

const REFUSED =
  'This assertion is not renewed: it was not signed by this edge for this tunnel within the last day, or its person has signed out everywhere or may not open the tunnel any more.';

/** The routes below a prefix. */
export function assertionApi(
  prefix: string,
  { callers, assertions, providers, endedAccounts, observer }: AssertionApiOptions,
): RouteTable {
  async function renew(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const text = textOf(fieldsOf(request, ['assertion']), 'assertion', MAX_CHARS) ?? '';
    const claims = await assertions.readRenewable(text, tunnel.origin);
    if (claims === undefined) throw invalid(REFUSED);
    const identity = identityOf(claims, providers);
    if (identity === undefined || !mayOpen(tunnel, identity)) throw invalid(REFUSED);
    if (endedAccounts.has({ identity, signedInAtMs: signedAtMs(claims) })) throw invalid(REFUSED);
    const assertion = await assertions.renew(claims, tunnel.origin);
    observer.emit({ kind: 'assertion-renewed', visit, tunnel: tunnel.name, email: claims.email, by: caller.email });
    return jsonReply({ assertion });
  }

  return [['post', `${prefix}/tunnels/:name/assertions`, renew, JSON_BODY]];
}

// An assertion does not say what its provider proves of a domain: that is asked of the provider again.
function identityOf(
  { sub: subject, idp: issuer, email, groups = [] }: RenewableClaims,
  providers: AssertionApiOptions['providers'],
): Identity | undefined {
  const provider = providers.ofIssuer(issuer);
  if (provider === undefined) return undefined;
  const { domainProof } = provider;
  // Of a verified address it is known: `readIdentity`.
  const hostedDomain = domainProof === 'hosted-domain' ? neededHostedDomain(email) : undefined;
  const claimed = { issuer, subject, email, groups, domainProof, ...(hostedDomain !== undefined && { hostedDomain }) };
  return providers.recheck({ ...claimed, emailVerified: true, groupsOmitted: false });
}

function mayOpen({ policy }: Tunnel, identity: Identity): boolean {
  const decision = decide(policy, identity);
  return decision.allow && decision.rule !== 'public';
}
