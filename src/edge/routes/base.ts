/**
 * The routes of the base host: the portal, signing in and out, the public keys. Owns no decision: `SignIn` takes the
 * steps, `Replies` writes what people see.
 */
import { type Request, Router } from 'express';
import type { Assertions } from '../../auth/identity/assertion.js';
import { decide } from '../../auth/identity/policy.js';
import { readReturnTarget } from '../../auth/session/return-path.js';
import type { Session, Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Registry } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { sendStep } from '../replies/hand-off.js';
import { HAND_OFF_SCRIPT, HAND_OFF_SCRIPT_PATH } from '../replies/hand-off-script.js';
import type { Block } from '../replies/page.js';
import type { Replies } from '../replies/replies.js';
import { isNavigation } from '../request/checks.js';
import { checkCause, isFromOrigin, isVisit, queryParam, refuseRivals, sendUserInfo, signOutPage } from './session.js';
import { type SignIn, signInPath } from './sign-in.js';
import { SignInFailure } from './sign-in-failure.js';

export interface BaseRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly assertions: Assertions;
  readonly registry: Registry;
  readonly signIn: SignIn;
  readonly replies: Replies;
  readonly observer: Observer;
}

const FORM_RESPONSE =
  'The identity provider sent its answer as a form. Its response mode for this address must be “query”, the default.';

export function baseRoutes(options: BaseRoutesOptions): Router {
  const { base, sessions, assertions, replies, signIn, observer } = options;
  const router = Router({ caseSensitive: true, strict: true });
  const sessionOf = (request: Request) => sessions.read(request.headers.cookie, base.host);

  router.get('/', async (request, response) => {
    checkCause(request, base.origin);
    const session = await sessionOf(request);
    if (session !== undefined) return replies.page(request, response, portal(options, session));
    const cookies = await sessions.clearRivals(request.headers.cookie, base.host, '/');
    if (cookies.length > 0) return refuseRivals(request, response, replies, '/', cookies);
    if (!isNavigation(request)) throw new PosternError('ERR_LOGIN_REQUIRED');
    replies.redirect(request, response, '/oauth2/start?rd=%2F');
  });

  router.get('/oauth2/start', async (request, response) => {
    // Only a person who looks at the page can sign in; a background request would only fill the browser with cookies.
    if (!isVisit(request)) throw new PosternError('ERR_LOGIN_REQUIRED');
    const step = await signIn.start(request, {
      returnTo: queryParam(request, 'rd'),
      nonceProof: queryParam(request, 'nonce'),
      account: queryParam(request, 'switch') === 'account' ? 'other' : 'current',
    });
    sendStep(base, replies, request, response, step);
  });

  router.get('/oauth2/callback', async (request, response) => {
    if (!isVisit(request)) throw new PosternError('ERR_LOGIN_REQUIRED');
    try {
      sendStep(base, replies, request, response, await signIn.finish(request));
    } catch (thrown) {
      const error = asPosternError(thrown instanceof SignInFailure ? thrown.cause : thrown);
      // Of a callback that belongs to no sign-in there can be any number: it has its line in the log, and no record.
      if (thrown instanceof SignInFailure) observer.signInFailed(request, error);
      observer.failed(request, error);
      replies.error(request, response, error, { ...titleOf(request, error), ...retryDetails(base, thrown) });
    }
  });

  // The response is asked for in the query. A form that another site posts comes without our cookies (SameSite=Lax), so it
  // could prove nothing: said here in words, instead of a page that knows no such address.
  router.post('/oauth2/callback', (request, response) => {
    const error = new PosternError('ERR_LOGIN_FAILED', 'the provider answered with a form', { text: FORM_RESPONSE });
    observer.failed(request, error);
    replies.error(request, response, error, retryDetails(base, error));
  });

  // Where a tunnel's host sends a visitor whose ticket was refused: no ticket stays in the address bar.
  router.get('/oauth2/failed', (request, response) => {
    const target = readReturnTarget(queryParam(request, 'rd'), base);
    const error = new PosternError('ERR_LOGIN_FAILED');
    replies.error(request, response, error, retryDetails(base, new SignInFailure(error, target, [])));
  });

  router.get(HAND_OFF_SCRIPT_PATH, (request, response) => {
    response.setHeader('Cache-Control', 'public, max-age=31536000, immutable'); // its address changes with it
    replies.script(request, response, HAND_OFF_SCRIPT);
  });

  // Always a button: what else brings a visitor here may be the doing of an app.
  router.get('/oauth2/sign_out', (request, response) => {
    replies.page(request, response, signOutPage(signOutAction(request)));
  });
  router.post('/oauth2/sign_out', async (request, response) => {
    if (!isFromOrigin(request, base.origin)) {
      return replies.page(request, response, signOutPage(signOutAction(request)));
    }
    const { location, cookies } = await signIn.signOut(request, queryParam(request, 'of'));
    replies.redirect(request, response, location, cookies);
  });
  router.get('/oauth2/signed_out', (request, response) => {
    const again: Block = { kind: 'link', label: 'Sign in again', href: '/', rank: 'main' };
    const text: Block = { kind: 'text', text: 'Your session has ended on every tunnel of this address.' };
    replies.page(request, response, { title: 'Signed out', blocks: [text, again], facts: [] });
  });

  router.get('/oauth2/userinfo', async (request, response) => {
    checkCause(request, base.origin);
    sendUserInfo(request, response, replies, sessions, await sessionOf(request));
  });

  router.get('/.postern/jwks.json', (request, response) => {
    response.setHeader('Cache-Control', 'public, max-age=300');
    replies.json(request, response, assertions.jwks());
  });

  return router;
}

/** The sign-out of the visitor's own session, and of the one that a tunnel's host has told of. */
function signOutAction(request: Request): string {
  const reference = queryParam(request, 'of');
  return `/oauth2/sign_out${reference === undefined ? '' : `?of=${encodeURIComponent(reference)}`}`;
}

function portal({ registry }: BaseRoutesOptions, { identity }: Session) {
  const open = registry.online().filter(({ policy }) => decide(policy, identity).allow);
  const items = open.map(({ name, origin, policy }) => ({
    label: name,
    href: `${origin}/`,
    note: `Shared by ${policy.owner}`,
  }));
  items.sort((one, other) => one.label.localeCompare(other.label));
  const none = 'No tunnel is open to you right now. A tunnel shows up here while its agent is connected.';
  const blocks: Block[] = [items.length > 0 ? { kind: 'list', items } : { kind: 'text', text: none }];
  blocks.push({ kind: 'button', label: 'Sign out', action: '/oauth2/sign_out' });
  return { title: 'Your tunnels', blocks, facts: [['Signed in as', identity.email] as const] };
}

/** Who gives up at the provider was denied nothing (RFC 6749 section 4.1.2.1). */
function titleOf(request: Request, { code }: PosternError): { title?: string } {
  if (code !== 'ERR_ACCESS_DENIED') return {};
  return { title: queryParam(request, 'error') === undefined ? 'This account cannot sign in' : 'Sign-in cancelled' };
}

function retryDetails(base: BaseAddress, thrown: unknown) {
  if (!(thrown instanceof SignInFailure)) {
    return { blocks: [{ kind: 'link', label: 'Start again', href: '/', rank: 'main' }] as const };
  }
  const { target, cookies } = thrown;
  const query = new URLSearchParams({ rd: target.path, switch: 'account' });
  const href =
    target.name === undefined ? `/oauth2/start?${query}` : signInPath(base, target.name, target.path, 'other');
  return { cookies, blocks: [{ kind: 'link', label: 'Try again', href, rank: 'main' }] as const };
}
