/**
 * Where the link of an invite leads: a page of the base host that says who invites whom to what, and lets the visitor in when
 * they press its button. A link that lets this visitor in nowhere shows one and the same page, whatever the reason.
 */
import { type Request, urlencoded } from 'express';
import { accountKey } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import { type BaseAddress, tunnelHost, tunnelOrigin } from '../../core/hostname.js';
import type { Rule } from '../../core/rule.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Registry } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import type { Grants, Owned } from '../people/grants.js';
import type { Invite } from '../people/invite-entry.js';
import type { Invites } from '../people/invites.js';
import type { Knocks } from '../people/knocks.js';
import type { Page } from '../replies/page.js';
import { pageReply, redirect } from '../replies/reply.js';
import { isVisit } from '../request/navigation.js';
import type { Reply, Visit } from '../request/visit.js';
import { accessPage, isOpenTo, mayBeLetIn, nameOf, refusalPage, switchAccount } from './access-pages.js';
import { isFromOrigin } from './csrf.js';
import type { RouteTable } from './route.js';
import { queryParam } from './session.js';
import { signInTo } from './sign-in-choice.js';
import { orAskToGoOn, type VisitLimit } from './visit-limit.js';

export interface InviteRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly registry: Registry;
  readonly ceiling: readonly Rule[] | undefined;
  readonly grants: Grants;
  readonly invites: Invites;
  readonly knocks: Knocks;
  readonly observer: Observer;
  /** Limits the wrong links of an account. */
  readonly limit: VisitLimit;
}

/** What a link names, and whom it has reached. */
interface Asked {
  readonly name: string;
  readonly code: string;
  readonly session: Session;
}

const PATH = '/invite';
const MAX_FORM_BYTES = 4_096;
const TOO_MANY = 'Too many links that you opened were not valid. Wait an hour.';

/** The link of an invite. */
export function inviteUrl(base: BaseAddress, name: string, code: string): string {
  return base.origin + pathOf(name, code);
}

export function inviteRoutes(options: InviteRoutesOptions): RouteTable {
  const { base, sessions, registry, ceiling, grants, invites, knocks, observer } = options;
  const sessionOf = (visit: Visit) => sessions.read(visit.header['cookie'], base.host);

  async function show(visit: Visit): Promise<Reply> {
    if (!isVisit(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
    const name = nameOf(queryParam(visit, 'to'));
    const code = queryParam(visit, 'code') ?? '';
    const session = await sessionOf(visit);
    if (session === undefined) return redirect(signInTo(pathOf(name, code)));
    if (isOpenTo(registry, name, session)) return redirect(`${tunnelOrigin(base, name)}/`);
    const asked = { name, code, session };
    if (!mayBeLetIn(ceiling, session)) return pageReply(refusalPage(base, name, session, pathOf(name, code)));
    const invite = await look(visit, asked, async (tunnel) => invites.find(tunnel, code, session.identity));
    return invite === undefined ? invalidReply(base, asked) : pageReply(invitePage(base, asked, invite));
  }

  async function accept(visit: Visit, { body }: Request): Promise<Reply> {
    if (!isFromOrigin(visit, base.origin)) throw new PosternError('ERR_CROSS_SITE');
    const session = await sessionOf(visit);
    if (session === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
    const { to, code: given } = (body ?? {}) as Readonly<Record<string, unknown>>;
    const name = nameOf(to);
    const code = typeof given === 'string' ? given : '';
    if (!mayBeLetIn(ceiling, session)) throw new PosternError('ERR_ACCESS_DENIED');
    if (!isOpenTo(registry, name, session)) {
      const asked = { name, code, session };
      const invite = await look(visit, asked, (tunnel) => letIn(visit, asked, tunnel));
      if (invite === undefined) return invalidReply(base, asked);
    }
    return { ...redirect(`${tunnelOrigin(base, name)}/`), status: 303 };
  }

  /** The invite that an attempt finds; counts those that find none. Looks nothing up for a person who was shut out. */
  async function look(
    visit: Visit,
    { name, session }: Asked,
    attempt: (tunnel: Owned) => Promise<Invite | undefined>,
  ): Promise<Invite | undefined> {
    const account = accountKey(session.identity);
    // Before the look-up, so that attempts at once are no more than attempts in a row.
    await options.limit.count(visit, account).catch((thrown: unknown) => {
      throw new PosternError(asPosternError(thrown).code, 'too many wrong invites', { text: TOO_MANY });
    });
    const policy = registry.find(name)?.policy;
    const isClosed = policy === undefined || policy.denied?.has(session.identity.email);
    const found = isClosed ? undefined : await attempt({ name, owner: policy.owner });
    if (found !== undefined) await options.limit.refund(visit, account);
    return found;
  }

  async function letIn(visit: Visit, { code, session }: Asked, tunnel: Owned): Promise<Invite | undefined> {
    const { identity } = session;
    const invite = await invites.redeem(tunnel, code, identity);
    if (invite === undefined) return undefined;
    const expiresAtMs = invite.endsAccess ? invite.expiresAtMs : undefined;
    const grant = await grants.letIn(tunnel, identity.email, { by: invite.by, expiresAtMs });
    if (grant === undefined) return undefined; // shut out in the meantime
    await knocks.settle(tunnel, identity.email, 'allow');
    observer.emit({ kind: 'invite-redeemed', visit, session, invite, grant });
    return invite;
  }

  const form = urlencoded({ extended: false, limit: MAX_FORM_BYTES, inflate: false });
  return [
    ['get', PATH, (visit) => orAskToGoOn(visit, () => show(visit))],
    ['post', PATH, accept, form],
  ];
}

function pathOf(name: string, code: string): string {
  return `${PATH}?to=${name}&code=${encodeURIComponent(code)}`;
}

function invitePage(base: BaseAddress, { name, code, session }: Asked, { by, expiresAtMs, endsAccess }: Invite): Page {
  const until = `${new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const page = accessPage(base, name, session, 'You are invited', [
    {
      kind: 'text',
      text: `${by} invites you to open the app at ${tunnelHost(base, name)}, and will see your account.`,
    },
    ...(endsAccess ? [{ kind: 'text', text: `It is open to you until ${until}.` } as const] : []),
    {
      kind: 'question',
      action: PATH,
      fields: [
        ['to', name],
        ['code', code],
      ],
      answers: [{ label: 'Accept and open', rank: 'main' }],
    },
    switchAccount(pathOf(name, code), 'other'),
  ]);
  return { ...page, facts: [...page.facts, ['Invited by', by]] };
}

function invalidReply(base: BaseAddress, { name, code, session }: Asked): Reply {
  const page = accessPage(base, name, session, 'This invite is not valid', [
    {
      kind: 'text',
      text: 'It may have been used or taken back, have ended, or be for another account: ask whoever sent it to you.',
    },
    { kind: 'link', label: 'Ask for access', href: `/access?to=${name}`, rank: 'main' },
    switchAccount(pathOf(name, code), 'other'),
  ]);
  return { ...pageReply(page), status: 404 };
}
