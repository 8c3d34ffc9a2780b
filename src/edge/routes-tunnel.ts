/**
 * The routes of a tunnel's host: the few paths that are ours there, and what a visitor gets whom the gate has refused.
 * An authorised request never comes here.
 */
import { type Request, type Response, Router } from 'express';
import { readReturnPath } from '../auth/return-path.js';
import type { Sessions } from '../auth/session.js';
import { type BaseAddress, tunnelOrigin } from '../core/hostname.js';
import { PosternError } from '../errors.js';
import type { Answers, ErrorDetails } from './answers.js';
import type { Verdict } from './gate.js';
import type { Observer } from './observer.js';
import { isRepeatable, readForm, repostPage } from './repost.js';
import { contextOf, isNavigation, isOwnPath } from './request.js';
import {
  answerUserInfo,
  checkCause,
  mayLeaveByGet,
  mayLeaveByPost,
  queryText,
  refuseRivals,
  signOutPage,
} from './session-answers.js';
import { type SignIn, signInPath } from './sign-in.js';

export interface TunnelRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly answers: Answers;
  readonly observer: Observer;
  /** What the gate said of a request that was not forwarded. */
  readonly verdictOf: (request: Request) => Verdict | undefined;
}

// Often enough that the page is back before somebody wonders, rare enough for a thousand open tabs.
const RELOAD_AFTER_SECONDS = 3;

const UNVERIFIED =
  'Nothing shows that this e-mail address is yours now: your identity provider has not verified it, or the account does not belong to the organisation of the address. Nobody can be let in with it.';

const GROUPS_LEFT_OUT = 'Not all of your groups are known here. If one of them should let you in, sign in again.';

export function tunnelRoutes({ base, sessions, signIn, answers, observer, verdictOf }: TunnelRoutesOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const sessionOf = (request: Request) => sessions.read(request.headers.cookie, contextOf(request).host);

  router.get('/.postern/session', async (request, response) => {
    const name = nameOf(request);
    const ticket = queryText(request, 'ticket');
    const { location, cookies } =
      ticket === undefined
        ? signIn.leaveTunnel(request, name, readReturnPath(queryText(request, 'rd')), account(request))
        : await signIn.redeem(request, name, ticket);
    answers.redirect(request, response, location, cookies);
  });

  router.get('/.postern/sign_out', async (request, response) => {
    if (!mayLeaveByGet(request)) return answers.page(request, response, signOutPage('/.postern/sign_out'));
    await signOut(request, response);
  });
  router.post('/.postern/sign_out', async (request, response) => {
    const isOwn = mayLeaveByPost(request, tunnelOrigin(base, nameOf(request)));
    if (!isOwn) return answers.page(request, response, signOutPage('/.postern/sign_out'));
    await signOut(request, response);
  });

  router.get('/.postern/userinfo', async (request, response) => {
    checkCause(request, tunnelOrigin(base, nameOf(request)));
    answerUserInfo(request, response, answers, sessions, await sessionOf(request));
  });

  router.use((request, response) => {
    if (isOwnPath(request.originalUrl)) throw new PosternError('ERR_NOT_FOUND');
    const verdict = verdictOf(request);
    if (verdict?.kind === 'preflight') return answers.preflight(request, response);
    if (verdict?.kind !== 'refuse') throw new PosternError('ERR_INTERNAL', 'a request for a tunnel without a refusal');
    return refuse(request, response, verdict);
  });

  async function refuse(
    request: Request,
    response: Response,
    verdict: Extract<Verdict, { kind: 'refuse' }>,
  ): Promise<void> {
    const path = readReturnPath(request.originalUrl);
    if (verdict.isPosted && isRepeatable(request)) {
      const fields = await readForm(request);
      if (fields !== undefined) return answers.page(request, response, repostPage(path, fields));
    }
    if (verdict.code === 'ERR_LOGIN_REQUIRED') {
      const cookies = await sessions.clearRivals(request.headers.cookie, contextOf(request).host, path);
      if (cookies.length > 0)
        return refuseRivals(request, response, answers, signInPath(base, nameOf(request), path, 'current'), cookies);
    }
    if (verdict.code === 'ERR_LOGIN_REQUIRED' && isNavigation(request)) {
      const { location, cookies } = signIn.leaveTunnel(request, nameOf(request), path, 'current');
      answers.redirect(request, response, location, cookies);
      return;
    }
    // By the identity, not by the reason: for a name that nobody serves there is no policy that could give this one.
    const isUnverified = verdict.code === 'ERR_ACCESS_DENIED' && verdict.session?.identity.emailVerified === false;
    const options = isUnverified ? { text: UNVERIFIED } : {};
    const error = new PosternError(verdict.code, `refused: ${verdict.reason}`, options);
    if (verdict.code !== 'ERR_LOGIN_REQUIRED') observer.failed(request, error);
    answers.error(request, response, error, details(request, path, verdict));
  }

  function details(request: Request, path: string, { code, session }: Verdict & { kind: 'refuse' }): ErrorDetails {
    const name = nameOf(request);
    const account = session === undefined ? {} : { account: session.identity.email };
    const href = (which: 'current' | 'other') => signInPath(base, name, path, which);
    if (code === 'ERR_LOGIN_REQUIRED') {
      const blocks = [{ kind: 'link', label: 'Sign in', href: href('current'), rank: 'main' }] as const;
      // Back to the page that asked, where the browser says which: the answer to a fetch is nothing to look at.
      return { blocks, loginUrl: signInPath(base, name, pageBehind(request), 'current') };
    }
    if (code === 'ERR_CROSS_SITE')
      return { blocks: [{ kind: 'link', label: 'Open this address', href: path, rank: 'main' }] };
    if (code === 'ERR_TUNNEL_OFFLINE') {
      const text = 'This page asks again by itself and shows the app as soon as its agent is back.';
      const reload = request.method === 'GET' ? { reloadAfterSeconds: RELOAD_AFTER_SECONDS } : {};
      return { ...account, ...reload, blocks: [{ kind: 'text', text }] };
    }
    const isPartial = session?.identity.groupsOmitted === true;
    const blocks = [
      ...(isPartial ? [{ kind: 'text', text: GROUPS_LEFT_OUT } as const] : []),
      { kind: 'text', text: 'Ask whoever sent you the link to let this account in, or use another one.' },
      { kind: 'link', label: 'Switch account', href: href('other'), rank: 'main' },
      { kind: 'link', label: 'Sign out', href: '/.postern/sign_out', rank: 'other' },
    ] as const;
    return { ...account, blocks };
  }

  async function signOut(request: Request, response: Response): Promise<void> {
    const { location, cookies } = await signIn.signOut(request);
    // What the app has let the browser keep must not be looked at by whoever comes next, by the Back button for one.
    response.setHeader('Clear-Site-Data', '"cache"');
    answers.redirect(request, response, location, cookies);
  }

  return router;
}

/** The path of the page on this host that a background request came from; `/` when the browser does not say. */
function pageBehind({ headers }: Request): string {
  const { referer, host } = headers;
  if (referer === undefined || !URL.canParse(referer)) return '/';
  const page = new URL(referer);
  return page.host === host?.toLowerCase() ? readReturnPath(page.pathname + page.search) : '/';
}

function account(request: Request): 'current' | 'other' {
  return queryText(request, 'switch') === 'account' ? 'other' : 'current';
}

function nameOf(request: Request): string {
  const { place } = contextOf(request);
  if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'not the host of a tunnel');
  return place.name;
}
