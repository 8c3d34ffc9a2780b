/** The replies to visits that the gate does not admit to a tunnel: a way to sign in, or a page that gives the reason. */
import { accountKey } from '../../auth/identity/identity.js';
import { readReturnPath } from '../../auth/session/return-path.js';
import type { Sessions } from '../../auth/session/sessions.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { Verdict } from '../gate/gate.js';
import { CLIENT_TOKEN_ENDED, type Refusal } from '../gate/refusal.js';
import type { Registry } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import { type ErrorDetails, errorReply } from '../replies/error-reply.js';
import { pageReply, preflightReply } from '../replies/reply.js';
import { isRepeatable, readForm, repostPage } from '../replies/repost.js';
import { bearerChallenge, resourceMetadataReply } from '../replies/resource-metadata.js';
import type { AttemptLimit } from '../request/attempts.js';
import { isNavigation, isVisit, wantsPage } from '../request/navigation.js';
import { type Reply, tunnelName, type Visit } from '../request/visit.js';
import { GROUPS_LEFT_OUT, mayLackGroups } from './groups-left-out.js';
import { rivalsReply } from './session.js';
import type { SignIn } from './sign-in.js';
import { signInPath } from './sign-in-choice.js';
import { CLEAR_STORED, clearEnded, leaveTunnel } from './tunnel-exit.js';

export interface TunnelRefusalOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly registry: Pick<Registry, 'find'>;
  readonly observer: Observer;
  /** Limits how often an account is asked to sign in again because its session lacks groups. */
  readonly renewals: AttemptLimit;
  /** Limits the guesses of one address at access tokens. */
  readonly badTokens: AttemptLimit;
}

/** Replies to a visit that is not forwarded. Rejects with `ERR_INTERNAL` for a verdict that is not a refusal. */
export type TunnelRefusal = (visit: Visit, verdict: Exclude<Verdict, { kind: 'forward' }>) => Promise<Reply>;

// Visitors who are admitted after a restart of the edge see the app soon; others reload six times a minute.
const RELOAD_SECONDS = 10;

// True for an account without access and for a name that no agent serves, without telling which.
const NOT_OPEN = 'Either this account may not open the app at this address, or no app is shared here at the moment.';

const UNVERIFIED =
  'Nothing shows that this e-mail address is yours now: your identity provider has not verified it, or the account does not belong to the organisation of the address. Nobody can be let in with it.';

export function createTunnelRefusal(options: TunnelRefusalOptions): TunnelRefusal {
  const { base, sessions, observer, renewals, badTokens } = options;

  return async (visit, verdict) => {
    if (verdict.kind === 'preflight') return preflightReply(visit);
    if (verdict.kind === 'resource-metadata') return resourceMetadataReply(base, visit);
    if (verdict.kind !== 'refuse') throw new PosternError('ERR_INTERNAL', 'a request for a tunnel without a refusal');
    // No guess: a client learns by this refusal, every hour, that it is to refresh its token.
    const isGuess = verdict.code === 'ERR_ACCESS_TOKEN_INVALID' && verdict.reason !== CLIENT_TOKEN_ENDED;
    if (isGuess) await badTokens.count(visit.address);
    return refuse(visit, await bounded(visit, verdict));
  };

  /** Denies when signing in again for groups has not helped: rules that keep changing would otherwise repeat it forever. */
  async function bounded(visit: Visit, verdict: Refusal): Promise<Refusal> {
    if (verdict.code !== 'ERR_LOGIN_REQUIRED' || verdict.session === undefined || !isVisit(visit)) return verdict;
    if (await isWithin(renewals, accountKey(verdict.session.identity))) return verdict;
    const denied: Refusal = { ...verdict, code: 'ERR_ACCESS_DENIED' };
    observer.emit({ kind: 'decided', visit, verdict: denied });
    return denied;
  }

  async function refuse(visit: Visit, verdict: Refusal): Promise<Reply> {
    const path = readReturnPath(visit.path);
    if (verdict.isPosted && isRepeatable(visit)) {
      const fields = await readForm(visit);
      if (fields !== undefined) return pageReply(repostPage(path, fields));
    }
    if (verdict.code !== 'ERR_LOGIN_REQUIRED') return deny(visit, path, verdict);
    const cookies = await sessions.clearRivals(visit.header['cookie'], visit.host, path);
    if (cookies.length > 0) {
      return rivalsReply(base, visit, signInPath(base, tunnelName(visit), path, { account: 'current' }), cookies);
    }
    if (isNavigation(visit))
      return leaveTunnel(options, visit, { path, choice: { account: 'current' }, reason: verdict.reason });
    return askToSignIn(visit, path, verdict);
  }

  async function askToSignIn(visit: Visit, path: string, verdict: Refusal): Promise<Reply> {
    const cookies = await clearEnded(options, visit, verdict.reason);
    const cleared = cookies.length > 0 ? { cookies, headers: CLEAR_STORED } : {};
    return errorReply(base, visit, errorOf(verdict), {
      ...details(visit, path, verdict),
      ...forClients(visit, verdict),
      ...cleared,
    });
  }

  function deny(visit: Visit, path: string, verdict: Refusal): Reply {
    // By the identity, not by the reason: a name that no agent serves has no policy that could give this reason.
    const isUnverified = verdict.code === 'ERR_ACCESS_DENIED' && verdict.session?.identity.emailVerified === false;
    const isDenied = verdict.code === 'ERR_ACCESS_DENIED' && wantsPage(visit);
    const error = errorOf(verdict, isUnverified ? UNVERIFIED : isDenied ? NOT_OPEN : undefined);
    observer.emit({ kind: 'visit-failed', visit, error });
    return errorReply(base, visit, error, { ...details(visit, path, verdict), ...forClients(visit, verdict) });
  }

  /** How OAuth clients get a token for a tunnel that is a resource of theirs; a page of an origin that its owner has named may read it. */
  function forClients(visit: Visit, { code }: Refusal): Pick<ErrorDetails, 'challenges' | 'headers'> {
    const tunnel = options.registry.find(tunnelName(visit));
    const isAsked = code === 'ERR_LOGIN_REQUIRED' || code === 'ERR_ACCESS_TOKEN_INVALID';
    if (tunnel?.terms?.oauthResource !== true || !isAsked) return {};
    const origin = visit.header['origin']?.toLowerCase();
    const isNamed = origin !== undefined && tunnel.origins.includes(origin);
    return {
      challenges: [bearerChallenge(base, visit, code === 'ERR_LOGIN_REQUIRED' ? 'none' : 'invalid')],
      ...(isNamed && { headers: readableBy(origin) }),
    };
  }

  function details(visit: Visit, path: string, { code, session }: Refusal): ErrorDetails {
    const name = tunnelName(visit);
    const account = session === undefined ? {} : { account: session.identity.email };
    const href = (which: 'current' | 'other') => signInPath(base, name, path, { account: which });
    if (code === 'ERR_LOGIN_REQUIRED') {
      const blocks = [{ kind: 'link', label: 'Sign in', href: href('current'), rank: 'main' }] as const;
      // Returns to the page that made the request, if the browser names it: the response to a fetch is not a page.
      const from = refererPath(visit, tunnelOrigin(base, name));
      return { blocks, loginUrl: signInPath(base, name, from, { account: 'current' }) };
    }
    if (code === 'ERR_CROSS_SITE')
      return { blocks: [{ kind: 'link', label: 'Open this address', href: path, rank: 'main' }] };
    if (code === 'ERR_TUNNEL_FULL') {
      const reload = visit.method === 'GET' ? { reloadAfterSeconds: RELOAD_SECONDS } : {};
      return { ...account, ...reload, headers: { 'Retry-After': String(RELOAD_SECONDS) } };
    }
    if (code !== 'ERR_ACCESS_DENIED') return account;
    const reload = visit.method === 'GET' ? { reloadAfterSeconds: RELOAD_SECONDS } : {};
    const isPartial = session !== undefined && mayLackGroups(session);
    const mayAsk = session?.identity.emailVerified === true;
    const blocks = [
      ...(isPartial ? [GROUPS_LEFT_OUT] : []),
      { kind: 'text', text: 'If somebody sent you the link, ask to be let in, or use another account.' },
      ...(mayAsk
        ? [{ kind: 'link', label: 'Ask for access', href: `${base.origin}/access?to=${name}`, rank: 'main' } as const]
        : []),
      // A click is not limited: no page that uses up the renewals of an account keeps its visitor from signing in.
      ...(isPartial ? [{ kind: 'link', label: 'Sign in again', href: href('current'), rank: 'other' } as const] : []),
      { kind: 'link', label: 'Switch account', href: href('other'), rank: mayAsk ? 'other' : 'main' },
      { kind: 'link', label: 'Sign out', href: '/.postern/sign_out', rank: 'other' },
    ] as const;
    return { title: 'Not open to you', ...account, ...reload, blocks };
  }
}

function readableBy(origin: string): Record<string, string> {
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': 'WWW-Authenticate, Postern-Error' };
}

function errorOf({ code, reason }: Refusal, text?: string): PosternError {
  return new PosternError(code, `refused: ${reason}`, text === undefined ? {} : { text });
}

function isWithin(limit: AttemptLimit, party: string): Promise<boolean> {
  return limit.count(party).then(
    () => true,
    () => false,
  );
}

/** The path of the page of this tunnel that made a background request; `/` when the browser does not name it. */
function refererPath({ header: { referer } }: Visit, origin: string): string {
  if (referer === undefined || !URL.canParse(referer)) return '/';
  const page = new URL(referer);
  return page.origin === origin ? readReturnPath(page.pathname + page.search) : '/';
}
