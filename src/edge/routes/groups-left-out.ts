/**
 * What a refused account is told when groups of it were left out: one of them may be named by a rule, and then one more sign-in lets
 * its person in.
 */
import type { Session } from '../../auth/session/session.js';
import type { Block } from '../replies/page.js';
import type { VisitRequest } from '../request/visit.js';
import { isFromOrigin } from './csrf.js';
import { queryParam } from './session.js';
import { signInTo } from './sign-in-choice.js';

export const GROUPS_LEFT_OUT: Block = {
  kind: 'text',
  text: 'Not all of your groups are known here: your identity provider has left some out, or there were too many. If one of them should let you in, sign in again.',
};

/** Whether that is to be said: no group lets in an account whose address is not verified. */
export function mayLackGroups({ identity }: Pick<Session, 'identity'>): boolean {
  return identity.groupsOmitted && identity.emailVerified;
}

/** On a page of the base host: with a link that signs in again and leads back to a path there. Empty for an account that lacks none. */
export function groupsLeftOut(session: Pick<Session, 'identity'>, path: string): readonly Block[] {
  if (!mayLackGroups(session)) return [];
  return [GROUPS_LEFT_OUT, { kind: 'link', label: 'Sign in again', href: `${signInTo(path)}&again=1`, rank: 'other' }];
}

/**
 * Whether a person has asked to sign in again although there is a session. By that link only: a page of another origin could
 * use up the sign-ins of an account with it.
 */
export function isAskedAgain(request: VisitRequest, origin: string): boolean {
  return queryParam(request, 'again') === '1' && isFromOrigin(request, origin);
}
