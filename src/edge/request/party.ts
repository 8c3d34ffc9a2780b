/** Whom a request counts for, where visitors share what a tunnel has. */
import type { Session } from '../../auth/session/session.js';
import { network } from './limits.js';
import type { VisitRequest } from './visit.js';

/** The account of the visitor, on however many sessions; their network where they are anonymous. */
export function partyOf(
  { address, cache }: Pick<VisitRequest, 'address' | 'cache'>,
  session: Session | undefined,
): string {
  return session === undefined ? `network ${network(address)}` : cache.account(session.identity);
}
