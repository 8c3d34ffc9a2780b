/** What the base host and every tunnel's host answer alike about a session, and how a request for them is judged. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Session, Sessions } from '../../auth/session/sessions.js';
import { PosternError } from '../../errors.js';
import { causeOf } from '../gate/cause.js';
import type { Page } from '../replies/page.js';
import type { Replies } from '../replies/replies.js';
import { isNavigation } from '../request/checks.js';

/** One text parameter of the query; undefined when it is absent or there several times. */
export function queryParam(
  request: { readonly query: Readonly<Record<string, unknown>> },
  name: string,
): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * Throws `ERR_CROSS_SITE` for a request that a page of another origin has caused, whether or not anybody is signed in: by
 * how it were answered that page would learn which.
 */
export function checkCause(request: IncomingMessage, origin: string): void {
  if (causeOf(request, { origin, origins: [], frameOrigins: [] }) === 'foreign')
    throw new PosternError('ERR_CROSS_SITE');
}

/** Answers who is signed in: the identity, never a token. */
export function sendUserInfo(
  request: IncomingMessage,
  response: ServerResponse,
  replies: Replies,
  sessions: Sessions,
  session: Session | undefined,
): void {
  if (session === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
  const { subject, email, username, groups } = session.identity;
  const expires_at = new Date(sessions.endsAtMs(session)).toISOString();
  replies.json(request, response, { subject, email, preferred_username: username, groups, expires_at });
}

/**
 * Whether a person has just gone here: nothing else begins or ends a sign-in. A page that the browser only fetches ahead
 * is nothing that anybody has asked for.
 */
export function isVisit(request: IncomingMessage): boolean {
  return isNavigation(request) && request.headers['sec-purpose'] === undefined;
}

/**
 * Whether a request to sign out comes from a page of this very origin, by `Sec-Fetch-Site` or else by `Origin`. A typed
 * address does not: an app can redirect it here.
 */
export function isFromOrigin({ headers }: IncomingMessage, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined ? headers.origin === origin : site === 'same-origin';
}

/** The page for a sign-out that came from elsewhere: the visitor decides. */
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

/** Answers a request that brought two sessions: neither counts, both are cleared, and no redirect leads back here. */
export function refuseRivals(
  request: IncomingMessage,
  response: ServerResponse,
  replies: Replies,
  signIn: string,
  cookies: readonly string[],
): void {
  const error = new PosternError('ERR_LOGIN_REQUIRED', 'two sessions in one request', { text: RIVALS });
  const blocks = [{ kind: 'link', label: 'Sign in', href: signIn, rank: 'main' }] as const;
  replies.error(request, response, error, { title: 'Two sign-ins at once', blocks, cookies });
}
