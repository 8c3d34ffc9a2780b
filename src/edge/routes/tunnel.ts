/**
 * The routes of a tunnel's host: the few paths that are ours there, and what a visitor gets whom the gate has refused.
 * An authorised request never comes here.
 */
import { type Request, type Response, Router, text } from 'express';
import { queryValue, readReturnPath } from '../../auth/session/return-path.js';
import { MAX_SEALED_CHARS } from '../../auth/session/seal.js';
import type { Sessions } from '../../auth/session/sessions.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { asPosternError, PosternError } from '../../errors.js';
import { NEW_OWNER, type Verdict } from '../gate/gate.js';
import type { Observer } from '../ops/observer.js';
import type { ErrorDetails, Replies } from '../replies/replies.js';
import { isRepeatable, readForm, repostPage } from '../replies/repost.js';
import { contextOf, isNavigation, isOwnPath, wantsPage } from '../request/checks.js';
import type { AttemptLimit } from '../request/limits.js';
import { checkCause, isVisit, queryParam, refuseRivals, sendUserInfo } from './session.js';
import { type SignIn, signInPath } from './sign-in.js';

export interface TunnelRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly replies: Replies;
  readonly observer: Observer;
  /** Of accounts that are to sign in again because their session lacks groups. */
  readonly renewals: AttemptLimit;
  /** What the gate said of a request that was not forwarded. */
  readonly verdictOf: (request: Request) => Verdict | undefined;
}

// A ticket as a page of the base host posts it: `text/plain`, which needs no preflight.
const TICKET_BODY = text({ limit: MAX_SEALED_CHARS, inflate: false });

const SIGN_OUT = 'Sign out in the browser, on the page that this address leads to: nothing else ends a session.';

// Whoever may come in after a restart of the edge sees the app soon; whoever may not asks six times a minute.
const RELOAD_SECONDS = 10;

// True of an account that may not come in and of a name that nobody serves, and tells nobody which.
const NOT_OPEN = 'Either this account may not open the app at this address, or no app is shared here at the moment.';

const UNVERIFIED =
  'Nothing shows that this e-mail address is yours now: your identity provider has not verified it, or the account does not belong to the organisation of the address. Nobody can be let in with it.';

const GROUPS_LEFT_OUT = 'Not all of your groups are known here. If one of them should let you in, sign in again.';

type Refusal = Extract<Verdict, { kind: 'refuse' }>;

export function tunnelRoutes(options: TunnelRoutesOptions): Router {
  const { base, sessions, signIn, replies, observer, renewals, verdictOf } = options;
  const router = Router({ caseSensitive: true, strict: true });
  // Whoever had the name when it was made, unlike the gate, which it opens only for that owner's tunnel: who is told here who
  // they are, or not, must not learn from it whether the name is anybody's now.
  const sessionOf = (request: Request) => sessions.read(request.headers.cookie, contextOf(request).host);

  router.get('/.postern/session', async (request, response) => {
    const text = queryParam(request, 'ticket');
    if (text !== undefined) return redeemByUrl(request, response, text);
    if (!isVisit(request)) throw new PosternError('ERR_LOGIN_REQUIRED');
    await leaveTunnel(request, response, readReturnPath(queryParam(request, 'rd')), account(request));
  });

  router.post('/.postern/session', TICKET_BODY, async (request, response) => {
    const { origin, 'sec-fetch-site': site } = request.headers;
    const text = typeof request.body === 'string' ? request.body : '';
    const isWelcome = origin === base.origin;
    if (isWelcome) allowBase(response);
    // Between sites the browser would neither send nor keep our cookies: the page has to come by URL.
    if (isWelcome && site === 'cross-site') return replies.json(request, response, { redeemed: false });
    const { cookies, isPassedOn } = await signIn.redeem(request, nameOf(request), { text, isWelcome });
    if (isPassedOn) clearStored(response);
    response.setHeader('Set-Cookie', cookies);
    replies.json(request, response, { redeemed: true });
  });

  // Any page can bring a visitor here, and any script of the app ask for it: the base host asks the visitor.
  router.get('/.postern/sign_out', async (request, response) => {
    if (!isVisit(request)) throw new PosternError('ERR_BAD_REQUEST', 'no visit', { text: SIGN_OUT });
    const session = await sessionOf(request);
    // What the app has let the browser keep must not be looked at by whoever comes next, by the Back button for one.
    if (session !== undefined) response.setHeader('Clear-Site-Data', '"cache"');
    const { location, cookies } = await signIn.leaveForSignOut(session);
    replies.redirect(request, response, location, cookies);
  });
  router.post('/.postern/sign_out', () => {
    throw new PosternError('ERR_METHOD_REFUSED', 'a sign-out by POST', { text: SIGN_OUT });
  });

  router.get('/.postern/userinfo', async (request, response) => {
    checkCause(request, tunnelOrigin(base, nameOf(request)));
    sendUserInfo(request, response, replies, sessions, await sessionOf(request));
  });

  router.use(async (request, response) => {
    if (isOwnPath(request.originalUrl)) throw new PosternError('ERR_NOT_FOUND');
    const verdict = verdictOf(request);
    if (verdict?.kind === 'preflight') return replies.preflight(request, response);
    if (verdict?.kind !== 'refuse') throw new PosternError('ERR_INTERNAL', 'a request for a tunnel without a refusal');
    return refuse(request, response, await bounded(request, verdict));
  });

  /** No outcome leaves the ticket in the address bar of a page of the app's origin. */
  async function redeemByUrl(request: Request, response: Response, text: string): Promise<void> {
    const isWelcome = isVisit(request);
    try {
      const returnTo = queryParam(request, 'rd');
      const redeemed = await signIn.redeem(request, nameOf(request), { text, returnTo, isWelcome });
      const { location, cookies, isPassedOn } = redeemed;
      if (isPassedOn) clearStored(response);
      replies.redirect(request, response, location, cookies);
    } catch (thrown) {
      if (!isWelcome) throw thrown;
      observer.failed(request, asPosternError(thrown));
      const returnTo = tunnelOrigin(base, nameOf(request)) + readReturnPath(queryParam(request, 'rd'));
      replies.redirect(request, response, `${base.origin}/oauth2/failed?rd=${queryValue(returnTo)}`);
    }
  }

  async function leaveTunnel(
    request: Request,
    response: Response,
    path: string,
    account: 'current' | 'other',
    reason?: string,
  ): Promise<void> {
    const { location, cookies } = signIn.leaveTunnel(request, nameOf(request), path, account);
    const cleared = await clearEnded(request, response, reason);
    replies.redirect(request, response, location, [...cookies, ...cleared]);
  }

  /**
   * What the app has stored in the browser of somebody who signed out here, or for whom the name had another owner, ends
   * with the session: its service worker too, which would go on answering in its place. Said once, since the cookie that
   * tells of it goes along.
   */
  async function clearEnded(request: Request, response: Response, reason: string | undefined): Promise<string[]> {
    const { host } = contextOf(request);
    const isOver = reason === NEW_OWNER || (await sessions.hasEnded(request.headers.cookie, host));
    if (!isOver) return [];
    clearStored(response);
    return [sessions.clear()];
  }

  function allowBase(response: Response): void {
    response.setHeader('Access-Control-Allow-Origin', base.origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
  }

  /** A denial, where signing in again for the sake of groups has not helped: rules that never rest would have it done for ever. */
  async function bounded(request: Request, verdict: Refusal): Promise<Refusal> {
    if (verdict.code !== 'ERR_LOGIN_REQUIRED' || verdict.session === undefined || !isNavigation(request))
      return verdict;
    const { subject } = verdict.session.identity;
    if (await isWithin(renewals, subject)) return verdict;
    const denied: Refusal = { ...verdict, code: 'ERR_ACCESS_DENIED' };
    observer.decided(request, denied);
    return denied;
  }

  async function refuse(request: Request, response: Response, verdict: Refusal): Promise<void> {
    const path = readReturnPath(request.originalUrl);
    if (verdict.isPosted && isRepeatable(request)) {
      const fields = await readForm(request);
      if (fields !== undefined) return replies.page(request, response, repostPage(path, fields));
    }
    if (verdict.code === 'ERR_LOGIN_REQUIRED') {
      const cookies = await sessions.clearRivals(request.headers.cookie, contextOf(request).host, path);
      if (cookies.length > 0)
        return refuseRivals(request, response, replies, signInPath(base, nameOf(request), path, 'current'), cookies);
    }
    if (verdict.code === 'ERR_LOGIN_REQUIRED' && isNavigation(request)) {
      return leaveTunnel(request, response, path, 'current', verdict.reason);
    }
    const cookies = verdict.code === 'ERR_LOGIN_REQUIRED' ? await clearEnded(request, response, verdict.reason) : [];
    // By the identity, not by the reason: for a name that nobody serves there is no policy that could give this one.
    const isUnverified = verdict.code === 'ERR_ACCESS_DENIED' && verdict.session?.identity.emailVerified === false;
    const isDenied = verdict.code === 'ERR_ACCESS_DENIED' && wantsPage(request);
    const options = isUnverified ? { text: UNVERIFIED } : isDenied ? { text: NOT_OPEN } : {};
    const error = new PosternError(verdict.code, `refused: ${verdict.reason}`, options);
    if (verdict.code !== 'ERR_LOGIN_REQUIRED') observer.failed(request, error);
    replies.error(request, response, error, {
      ...details(request, path, verdict),
      ...(cookies.length > 0 && { cookies }),
    });
  }

  function details(request: Request, path: string, { code, session }: Refusal): ErrorDetails {
    const name = nameOf(request);
    const account = session === undefined ? {} : { account: session.identity.email };
    const href = (which: 'current' | 'other') => signInPath(base, name, path, which);
    if (code === 'ERR_LOGIN_REQUIRED') {
      const blocks = [{ kind: 'link', label: 'Sign in', href: href('current'), rank: 'main' }] as const;
      // Back to the page that asked, where the browser says which: the answer to a fetch is nothing to look at.
      return { blocks, loginUrl: signInPath(base, name, refererPage(request), 'current') };
    }
    if (code === 'ERR_CROSS_SITE')
      return { blocks: [{ kind: 'link', label: 'Open this address', href: path, rank: 'main' }] };
    if (code === 'ERR_TUNNEL_OFFLINE') return account;
    const reload = request.method === 'GET' ? { reloadAfterSeconds: RELOAD_SECONDS } : {};
    const isPartial = session?.identity.groupsOmitted === true;
    const blocks = [
      ...(isPartial ? [{ kind: 'text', text: GROUPS_LEFT_OUT } as const] : []),
      { kind: 'text', text: 'If somebody sent you the link, ask them to let this account in, or use another one.' },
      { kind: 'link', label: 'Switch account', href: href('other'), rank: 'main' },
      { kind: 'link', label: 'Sign out', href: '/.postern/sign_out', rank: 'other' },
    ] as const;
    return { title: 'Not open to you', ...account, ...reload, blocks };
  }

  return router;
}

function clearStored(response: Response): void {
  response.setHeader('Clear-Site-Data', '"cache", "storage"');
}

function isWithin(limit: AttemptLimit, party: string): Promise<boolean> {
  return limit.count(party).then(
    () => true,
    () => false,
  );
}

/** The path of the page on this host that a background request came from; `/` when the browser does not say. */
function refererPage({ headers }: Request): string {
  const { referer, host } = headers;
  if (referer === undefined || !URL.canParse(referer)) return '/';
  const page = new URL(referer);
  return page.host === host?.toLowerCase() ? readReturnPath(page.pathname + page.search) : '/';
}

function account(request: Request): 'current' | 'other' {
  return queryParam(request, 'switch') === 'account' ? 'other' : 'current';
}

function nameOf(request: Request): string {
  const { place } = contextOf(request);
  if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'not the host of a tunnel');
  return place.name;
}
