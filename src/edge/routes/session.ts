/** Replies about a session, which the base host and tunnels' hosts share. */
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { errorReply } from '../replies/error-reply.js';
import type { Page } from '../replies/page.js';
import { jsonReply } from '../replies/reply.js';
import type { Reply, VisitRequest } from '../request/visit.js';

/** The query of a request. */
export function queryOf({ path }: Pick<VisitRequest, 'path'>): URLSearchParams {
  const at = path.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : path.slice(at + 1));
}

/** One parameter of the query; undefined when it is absent or repeated. */
export function queryParam(request: Pick<VisitRequest, 'path'>, name: string): string | undefined {
  const values = queryOf(request).getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

/** Who is signed in: the identity, never a token. */
export function userInfoReply(sessions: Sessions, session: Session | undefined): Reply {
  if (session === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
  const { subject, email, username, groups } = session.identity;
  const expires_at = new Date(sessions.endsAtMs(session)).toISOString();
  return jsonReply({ subject, email, preferred_username: username, groups, expires_at });
}

/** The page that asks the visitor to confirm a sign-out. */
export function signOutPage(action: string): Page {
  return {
    title: 'Sign out?',
    blocks: [
      {
        kind: 'text',
        text: 'Your session ends on every tunnel of this address.',
      },
      { kind: 'button', label: 'Sign out', action },
      { kind: 'link', label: 'Stay', href: '/', rank: 'other' },
    ],
    facts: [],
  };
}

const RIVALS =
  'Your browser has sent two sign-ins for this address, so nobody can say which of them is yours. Both have been removed from it: sign in again. Should this page come back, clear the cookies of this address and of the domains above it.';

/** The reply to a request with two sessions: neither counts, both cookies are removed, and no redirect leads back here. */
export function rivalsReply(
  base: BaseAddress,
  request: VisitRequest,
  signIn: string,
  cookies: readonly string[],
): Reply {
  const error = new PosternError('ERR_LOGIN_REQUIRED', 'two sessions in one request', { text: RIVALS });
  const blocks = [{ kind: 'link', label: 'Sign in', href: signIn, rank: 'main' }] as const;
  return errorReply(base, request, error, { title: 'Two sign-ins at once', blocks, cookies });
}
