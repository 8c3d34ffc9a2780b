/** The routes of the base host: the portal, sign-in and sign-out, the public keys. */
import type { Assertions } from '../../auth/identity/assertion.js';
import type { Identity } from '../../auth/identity/identity.js';
import { decide } from '../../auth/identity/policy.js';
import { readReturnTarget } from '../../auth/session/return-path.js';
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Registry } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { errorReply } from '../replies/error-reply.js';
import { redirectReply } from '../replies/hand-off.js';
import { HAND_OFF_SCRIPT, HAND_OFF_SCRIPT_PATH } from '../replies/hand-off-script.js';
import type { Block, Page } from '../replies/page.js';
import { jsonReply, pageReply, redirect, scriptReply } from '../replies/reply.js';
import { isNavigation, isVisit } from '../request/navigation.js';
import type { Reply, Visit, VisitRequest } from '../request/visit.js';
import { checkCause, isFromOrigin } from './csrf.js';
import { isAskedAgain } from './groups-left-out.js';
import { nextLink, pageOf } from './paging.js';
import type { RouteTable } from './route.js';
import { queryParam, rivalsReply, signOutPage, userInfoReply } from './session.js';
import type { SignIn } from './sign-in.js';
import { readChoice, signInPath } from './sign-in-choice.js';
import { SignInFailure } from './sign-in-failure.js';
import type { SignOut } from './sign-out.js';
import { orAskToGoOn } from './visit-limit.js';

export interface BaseRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly assertions: Assertions;
  readonly registry: Registry;
  readonly signIn: SignIn;
  readonly signOut: SignOut;
  /** The paths of the providers' redirect URIs. */
  readonly callbackPaths: readonly string[];
  readonly observer: Observer;
  /** Whether an account has tunnels to manage. */
  readonly manages?: (identity: Identity) => boolean;
  /** Whether apps (OAuth clients) act for a person. */
  readonly hasApps?: (identity: Identity) => boolean;
}

const FORM_RESPONSE =
  'The identity provider sent its answer as a form. Its response mode for this address must be “query”, the default.';

export function baseRoutes(options: BaseRoutesOptions): RouteTable {
  const { base, sessions, assertions, signIn, observer } = options;
  const sessionOf = ({ header }: VisitRequest) => sessions.read(header['cookie'], base.host);

  async function portal(visit: Visit): Promise<Reply> {
    checkCause(visit, base.origin);
    const session = await sessionOf(visit);
    if (session !== undefined) return pageReply(portalPage(options, visit, session));
    const cookies = await sessions.clearRivals(visit.header['cookie'], base.host, '/');
    if (cookies.length > 0) return rivalsReply(base, visit, '/', cookies);
    if (!isNavigation(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
    return redirect('/oauth2/start?rd=%2F');
  }

  async function start(visit: Visit): Promise<Reply> {
    // Only a visitor who sees the page can sign in; a background request would only fill the browser with cookies.
    if (!isVisit(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
    const next = await signIn.start(visit, {
      returnTo: queryParam(visit, 'rd'),
      nonceProof: queryParam(visit, 'nonce'),
      isAgain: isAskedAgain(visit, base.origin),
      ...readChoice(visit),
    });
    return next.kind === 'choice' ? pageReply(next.page) : redirectReply(base, visit, next);
  }

  async function callback(visit: Visit): Promise<Reply> {
    if (!isVisit(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
    try {
      return redirectReply(base, visit, await signIn.completeCallback(visit));
    } catch (thrown) {
      const error = asPosternError(thrown instanceof SignInFailure ? thrown.cause : thrown);
      // A callback without a sign-in is logged but not recorded: strangers could send any number of them.
      if (thrown instanceof SignInFailure) observer.emit({ kind: 'sign-in-failed', visit, error });
      observer.emit({ kind: 'visit-failed', visit, error });
      return errorReply(base, visit, error, { ...titleOf(visit, error), ...retryDetails(base, thrown) });
    }
  }

  // The edge requests the response in the query. A form that another site posts carries none of the edge's cookies
  // (SameSite=Lax), so it could not be validated: the page explains that, instead of a 404.
  function callbackForm(visit: Visit): Reply {
    const error = new PosternError('ERR_LOGIN_FAILED', 'the provider answered with a form', { text: FORM_RESPONSE });
    observer.emit({ kind: 'visit-failed', visit, error });
    return errorReply(base, visit, error, retryDetails(base, error));
  }

  // A tunnel's host redirects here when it has refused a ticket, so that no ticket stays in the address bar.
  function failed(visit: Visit): Reply {
    const target = readReturnTarget(queryParam(visit, 'rd'), base);
    const isAway = queryParam(visit, 'code') === 'ERR_STORE_UNAVAILABLE';
    const error = new PosternError(isAway ? 'ERR_STORE_UNAVAILABLE' : 'ERR_LOGIN_FAILED');
    // To load this page again would try nothing again.
    const details = { ...retryDetails(base, new SignInFailure(error, target, [])), reloadAfterSeconds: undefined };
    return errorReply(base, visit, error, details);
  }

  async function signOut(visit: Visit): Promise<Reply> {
    if (!isFromOrigin(visit, base.origin)) return askToSignOut(visit);
    const { location, cookies } = await options.signOut.complete(visit, queryParam(visit, 'of'));
    return redirect(location, cookies);
  }

  async function userInfo(visit: Visit): Promise<Reply> {
    checkCause(visit, base.origin);
    return userInfoReply(sessions, await sessionOf(visit));
  }

  // Its URL changes with its content.
  const script = () => scriptReply(HAND_OFF_SCRIPT, { 'Cache-Control': 'public, max-age=31536000, immutable' });
  const keys = () => jsonReply(assertions.jwks(), { 'Cache-Control': 'public, max-age=300' });

  return [
    ['get', '/', portal],
    ['get', '/oauth2/start', (visit) => orAskToGoOn(visit, () => start(visit))],
    ...options.callbackPaths.flatMap((path) => [
      ['get', path, callback] as const,
      ['post', path, callbackForm] as const,
    ]),
    ['get', '/oauth2/failed', failed],
    ['get', HAND_OFF_SCRIPT_PATH, script],
    ['get', '/oauth2/sign_out', askToSignOut],
    ['post', '/oauth2/sign_out', signOut],
    ['get', '/oauth2/signed_out', () => pageReply(SIGNED_OUT)],
    ['get', '/oauth2/userinfo', userInfo],
    ['get', '/.postern/jwks.json', keys],
  ];
}

const SIGNED_OUT: Page = {
  title: 'Signed out',
  blocks: [
    { kind: 'text', text: 'Your session has ended on every tunnel of this address.' },
    { kind: 'link', label: 'Sign in again', href: '/', rank: 'main' },
  ],
  facts: [],
};

/**
 * Asks before it ends the session of this browser and the sign-in that a tunnel's host has named. Always by a button: an app
 * may have redirected the visitor here.
 */
function askToSignOut(visit: Visit): Reply {
  const reference = queryParam(visit, 'of');
  const query = reference === undefined ? '' : `?of=${encodeURIComponent(reference)}`;
  return pageReply(signOutPage(`/oauth2/sign_out${query}`));
}

function portalPage({ registry, manages, hasApps }: BaseRoutesOptions, visit: Visit, { identity }: Session): Page {
  const open = registry.online().filter(({ policy }) => decide(policy, identity).allow);
  const page = pageOf(visit, { name: 'open', items: open, positionOf: ({ name }) => [name] });
  const items = page.items.map(({ name, origin, policy }) => ({
    label: name,
    href: `${origin}/`,
    note: `Shared by ${policy.owner}`,
  }));
  const none = 'No tunnel is open to you right now. A tunnel shows up here while its agent is connected.';
  const blocks: Block[] = [items.length > 0 ? { kind: 'list', items } : { kind: 'text', text: none }];
  blocks.push(...nextLink('/', page.next));
  if (hasApps?.(identity)) blocks.push({ kind: 'link', label: 'Apps that act for you', href: '/apps', rank: 'other' });
  if (manages?.(identity)) blocks.push({ kind: 'link', label: 'Manage tunnels', href: '/tunnels', rank: 'main' });
  blocks.push({ kind: 'button', label: 'Sign out', action: '/oauth2/sign_out' });
  return { title: 'Your tunnels', blocks, facts: [['Signed in as', identity.email] as const] };
}

/** A visitor who cancels at the provider was not denied access (RFC 6749 section 4.1.2.1). */
function titleOf(visit: Visit, { code }: PosternError): { title?: string } {
  if (code !== 'ERR_ACCESS_DENIED') return {};
  return { title: queryParam(visit, 'error') === undefined ? 'This account cannot sign in' : 'Sign-in cancelled' };
}

function retryDetails(base: BaseAddress, thrown: unknown) {
  if (!(thrown instanceof SignInFailure)) {
    return { blocks: [{ kind: 'link', label: 'Start again', href: '/', rank: 'main' }] as const };
  }
  const { target, cookies } = thrown;
  const query = new URLSearchParams({ rd: target.path, switch: 'account' });
  const href =
    target.name === undefined
      ? `/oauth2/start?${query}`
      : signInPath(base, target.name, target.path, { account: 'other' });
  return { cookies, blocks: [{ kind: 'link', label: 'Try again', href, rank: 'main' }] as const };
}
