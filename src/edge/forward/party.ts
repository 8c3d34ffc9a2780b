/** Whom a forwarded request counts for, where visitors share what a tunnel has. */
import type { Admitted } from '../gate/gate.js';
import { network } from '../request/limits.js';
import type { VisitRequest } from '../request/visit.js';

/** The account of the visitor, on however many sessions; their network where they are anonymous. */
export function partyOf({ address, cache }: Pick<VisitRequest, 'address' | 'cache'>, { session }: Admitted): string {
  return session === undefined ? `network ${network(address)}` : cache.account(session.identity);
}
