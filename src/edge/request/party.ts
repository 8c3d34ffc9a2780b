/** Whom a forwarded request counts for, where visitors share what a tunnel has. */
import { partyOf as partyOfVisitor } from '../gate/demo-limits.js';
import type { Admitted } from '../gate/gate.js';
import type { VisitRequest } from '../request/visit.js';

/** The account of the visitor, on however many sessions; their network where they are anonymous. */
export function partyOf(visit: Pick<VisitRequest, 'address' | 'cache'>, { session }: Admitted): string {
  return partyOfVisitor(visit, session);
}
