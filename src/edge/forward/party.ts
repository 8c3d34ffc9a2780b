/** Whom a forwarded request counts for, where visitors share what a tunnel has. */
import type { IncomingMessage } from 'node:http';
import type { Admitted } from '../gate/gate.js';
import { contextOf } from '../request/checks.js';
import { network } from '../request/limits.js';

/** The account of the visitor, on however many sessions; their network where they are nobody. */
export function partyOf(request: IncomingMessage, { session }: Admitted): string {
  return session === undefined ? `network ${network(contextOf(request).address)}` : session.identity.subject;
}
