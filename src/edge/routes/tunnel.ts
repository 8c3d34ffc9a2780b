/** The edge's own paths on a tunnel's host: redeem a ticket, sign out, userinfo. */
import { type Request, text } from 'express';
import { queryValue, readReturnPath } from '../../auth/session/return-path.js';
import { MAX_SEALED_CHARS } from '../../auth/session/seal.js';
import type { Sessions } from '../../auth/session/sessions.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Observer } from '../ops/observer.js';
import { jsonReply, redirect } from '../replies/reply.js';
import { isVisit } from '../request/navigation.js';
import { type Reply, tunnelName, type Visit, type VisitRequest } from '../request/visit.js';
import { checkCause } from './csrf.js';
import type { RouteTable } from './route.js';
import { queryParam, userInfoReply } from './session.js';
import type { SignIn } from './sign-in.js';
import { readChoice } from './sign-in-choice.js';
import type { SignOut } from './sign-out.js';
import { CLEAR_STORED, leaveTunnel } from './tunnel-exit.js';

export interface TunnelRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly signOut: SignOut;
  readonly observer: Observer;
}

// The ticket that a page of the base host posts, as `text/plain`, which needs no CORS preflight.
const TICKET_BODY = text({ limit: MAX_SEALED_CHARS, inflate: false });

const SIGN_OUT = 'Sign out in the browser, on the page that this address leads to: nothing else ends a session.';

export function tunnelRoutes(options: TunnelRoutesOptions): RouteTable {
  const { base, sessions, signIn, observer } = options;
  // Accepts a session of any owner of the name, unlike the gate: otherwise the response would tell the visitor whether the name
  // has an owner now.
  const sessionOf = ({ header, host }: VisitRequest) => sessions.read(header['cookie'], host);

  async function session(visit: Visit): Promise<Reply> {
    const ticket = queryParam(visit, 'ticket');
    if (ticket !== undefined) return redeemByUrl(visit, ticket);
    if (!isVisit(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
    return leaveTunnel(options, visit, { path: readReturnPath(queryParam(visit, 'rd')), choice: readChoice(visit) });
  }

  async function redeem(visit: Visit, { body }: Request): Promise<Reply> {
    const { origin, 'sec-fetch-site': site } = visit.header;
    const isWelcome = origin === base.origin;
    const allowed = isWelcome ? allowBase(base) : {};
    // In a cross-site request the browser neither sends nor stores our cookies: the page must navigate here instead.
    if (isWelcome && site === 'cross-site') return jsonReply({ redeemed: false }, allowed);
    const ticket = { text: typeof body === 'string' ? body : '', isWelcome };
    const { cookies, isPassedOn } = await signIn.redeem(visit, tunnelName(visit), ticket);
    return jsonReply({ redeemed: true }, { ...allowed, ...(isPassedOn && CLEAR_STORED), 'Set-Cookie': cookies });
  }

  /** Always redirects, so that no ticket stays in the address bar of a page of the app's origin. */
  async function redeemByUrl(visit: Visit, text: string): Promise<Reply> {
    const name = tunnelName(visit);
    const isWelcome = isVisit(visit);
    try {
      const returnTo = queryParam(visit, 'rd');
      const { location, cookies, isPassedOn } = await signIn.redeem(visit, name, { text, returnTo, isWelcome });
      return redirect(location, cookies, isPassedOn ? CLEAR_STORED : {});
    } catch (thrown) {
      if (!isWelcome) throw thrown;
      const error = asPosternError(thrown);
      observer.emit({ kind: 'visit-failed', visit, error });
      const returnTo = tunnelOrigin(base, name) + readReturnPath(queryParam(visit, 'rd'));
      const code = error.code === 'ERR_STORE_UNAVAILABLE' ? `&code=${error.code}` : '';
      return redirect(`${base.origin}/oauth2/failed?rd=${queryValue(returnTo)}${code}`);
    }
  }

  // Any page can navigate here, and any script of the app can request it: the base host asks the visitor to confirm.
  async function signOut(visit: Visit): Promise<Reply> {
    if (!isVisit(visit)) throw new PosternError('ERR_BAD_REQUEST', 'no visit', { text: SIGN_OUT });
    const current = await sessionOf(visit);
    const { location, cookies } = await options.signOut.redirectToBase(current);
    // The next user of this browser must not see the app's cached pages, for example by the Back button.
    return redirect(location, cookies, current === undefined ? {} : { 'Clear-Site-Data': '"cache"' });
  }

  function signOutByPost(): never {
    throw new PosternError('ERR_METHOD_REFUSED', 'a sign-out by POST', { text: SIGN_OUT });
  }

  async function userInfo(visit: Visit): Promise<Reply> {
    checkCause(visit, tunnelOrigin(base, tunnelName(visit)));
    return userInfoReply(sessions, await sessionOf(visit));
  }

  return [
    ['get', '/.postern/session', session],
    ['post', '/.postern/session', redeem, TICKET_BODY],
    ['get', '/.postern/sign_out', signOut],
    ['post', '/.postern/sign_out', signOutByPost],
    ['get', '/.postern/userinfo', userInfo],
  ];
}

function allowBase({ origin }: BaseAddress): Reply['headers'] {
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' };
}
