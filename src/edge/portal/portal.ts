/**
 * The pages of the base host on which people manage: their tunnels and who may open them, and the agents signed in as them.
 * Every act is a form, which works without script; where a script runs, the page of a tunnel follows what happens.
 */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { canonicalEmail } from '../../core/rule.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { AgentCredentials } from '../api/agent-credentials.js';
import type { Caller, Callers } from '../api/caller.js';
import { endClient } from '../api/clients.js';
import { ownedBy, param } from '../api/tunnels.js';
import type { ClientSignIns } from '../clients/client-sign-ins.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import type { AccessTokens } from '../people/access-tokens.js';
import type { Decisions } from '../people/decisions.js';
import type { Everyone } from '../people/everyone.js';
import type { Grants } from '../people/grants.js';
import type { Invites } from '../people/invites.js';
import type { Knocks } from '../people/knocks.js';
import type { Page } from '../replies/page.js';
import { pageReply, scriptReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { inviteUrl } from '../routes/invite.js';
import { pageOf } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import { FORM_BODY, guardedPage, postingCaller, seeOther } from './forms.js';
import { agentsPage, tunnelsPage } from './lists.js';
import { LIVE_SCRIPT, LIVE_SCRIPT_PATH, livePage } from './live-script.js';
import { ShownRows } from './shown-rows.js';
import { type Act, pathOf, SECTIONS, type TunnelView, tunnelPage } from './tunnel-page.js';

export interface PortalOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly registry: Registry;
  readonly grants: Grants;
  readonly knocks: Knocks;
  readonly everyone: Everyone;
  readonly invites: Invites;
  readonly accessTokens: AccessTokens;
  readonly clientSignIns: ClientSignIns;
  readonly observer: Observer;
  readonly decisions: Decisions;
  readonly credentials: AgentCredentials;
  readonly now?: () => number;
}

const EIGHT_HOURS_MS = 8 * 3_600_000;
const SCRIPT_CACHE = { 'Cache-Control': 'public, max-age=31536000, immutable' };

export class Portal {
  readonly table: RouteTable;
  readonly #options: PortalOptions;

  constructor(options: PortalOptions) {
    this.#options = options;
    const { callers } = options;
    this.table = [
      ['get', '/tunnels', (visit) => guardedPage(callers, visit, (caller) => this.#tunnels(caller, visit))],
      [
        'get',
        '/tunnels/:name',
        (visit, request) => guardedPage(callers, visit, (caller) => this.#tunnel(caller, visit, request)),
      ],
      ['post', '/tunnels/:name', (visit, request) => this.#act(visit, request), FORM_BODY],
      ['get', '/agents', (visit) => guardedPage(callers, visit, (caller) => this.#agents(caller))],
      ['post', '/agents', (visit, request) => this.#signOutAgent(visit, request), FORM_BODY],
      ['get', LIVE_SCRIPT_PATH, () => scriptReply(LIVE_SCRIPT, SCRIPT_CACHE)],
    ];
  }

  async #tunnels(caller: Caller, visit: Visit): Promise<Page> {
    const { callers, knocks, everyone } = this.#options;
    const counts = await everyone.counts();
    const tunnels = { name: 'tunnels', items: callers.tunnels(caller), positionOf: ({ name }: Tunnel) => [name] };
    const { items, next } = pageOf(visit, tunnels);
    const summaries = items.map((tunnel) => ({
      tunnel,
      people: counts.get(tunnel.name) ?? 0,
      knocks: knocks.list(ownedBy(tunnel)).length,
    }));
    return tunnelsPage(summaries, caller, next);
  }

  async #tunnel(
    caller: Caller,
    visit: Visit,
    request: Request,
    more: Pick<TunnelView, 'complaint' | 'link'> = {},
  ): Promise<Page> {
    const { base, callers, registry, grants, knocks, everyone, invites, accessTokens, clientSignIns } = this.#options;
    const { now = Date.now } = this.#options;
    const tunnel = callers.tunnel(caller, param(request, 'name'));
    const people = await everyone.at(tunnel.name);
    const shown = new ShownRows(visit, pathOf(tunnel.name), SECTIONS);
    const page = tunnelPage({
      shown,
      tunnel,
      allow: registry.offeredWords(tunnel.name),
      grants: grants.list(ownedBy(tunnel)),
      knocks: knocks.list(ownedBy(tunnel)),
      people,
      invites: invites.list(ownedBy(tunnel)),
      accessTokens: accessTokens.list(ownedBy(tunnel)),
      clients: clientSignIns.ofTunnel(ownedBy(tunnel)),
      email: caller.email,
      nowMs: now(),
      ...more,
    });
    return livePage(base, page, { path: pathOf(tunnel.name), here: shown.here, tunnel: tunnel.name });
  }

  /** Does what a form of the page of a tunnel says, and shows the page again. */
  async #act(visit: Visit, request: Request): Promise<Reply> {
    const { base, callers } = this.#options;
    const caller = await postingCaller(base, callers, visit);
    const tunnel = callers.tunnel(caller, param(request, 'name'));
    const { act, about } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    try {
      if (act === 'invite') {
        const link = await this.#invite(visit, caller, tunnel, typeof about === 'string' ? about : '');
        return pageReply(await this.#tunnel(caller, visit, request, { link }));
      }
      await this.#perform(visit, caller, tunnel, act, typeof about === 'string' ? about : '');
    } catch (thrown) {
      const { status, text } = asPosternError(thrown);
      if (status >= 500) throw thrown;
      return { ...pageReply(await this.#tunnel(caller, visit, request, { complaint: text })), status };
    }
    return seeOther(new ShownRows(visit, pathOf(tunnel.name), SECTIONS).here);
  }

  /** Makes an invite for the first person, or for one by email. */
  async #invite(visit: Visit, { email: by }: Caller, tunnel: Tunnel, about: string): Promise<string> {
    const { base, decisions } = this.#options;
    const email = about === '' ? undefined : canonicalEmail(about);
    if (about !== '' && email === undefined) throw new PosternError('ERR_BAD_REQUEST', undefined, { text: NO_EMAIL });
    const { code } = await decisions.invite(visit, ownedBy(tunnel), { by, email });
    return inviteUrl(base, tunnel.name, code);
  }

  async #perform(visit: Visit, { email: by }: Caller, tunnel: Tunnel, act: unknown, about: string): Promise<void> {
    const { decisions } = this.#options;
    const owned = ownedBy(tunnel);
    const forMs = typeof act === 'string' && act.endsWith('-8h') ? EIGHT_HOURS_MS : undefined;
    switch (act as Act) {
      case 'answer-allow':
      case 'answer-allow-8h':
        await decisions.answer(visit, owned, about, { answer: 'allow', by, forMs });
        return;
      case 'answer-deny':
        await decisions.answer(visit, owned, about, { answer: 'deny', by });
        return;
      case 'allow':
      case 'allow-8h':
        await decisions.decide(visit, owned, about, { effect: 'allow', by, forMs });
        return;
      case 'deny':
        await decisions.decide(visit, owned, about, { effect: 'deny', by });
        return;
      case 'take-back':
        await decisions.takeBack(visit, owned, about, { by });
        return;
      case 'revoke-invite':
        await decisions.revokeInvite(visit, owned, about, { by });
        return;
      case 'revoke-token':
        await decisions.revokeAccessToken(visit, owned, about, { by });
        return;
      case 'end-client': {
        const found = this.#options.clientSignIns.ofTunnel(owned).find(({ id }) => id === about);
        if (found !== undefined) await endClient(this.#options, visit, found, by);
        return;
      }
      default:
        throw new PosternError('ERR_BAD_REQUEST', 'an act that is not known');
    }
  }

  async #agents({ email }: Caller): Promise<Page> {
    const { now = Date.now } = this.#options;
    return agentsPage(await this.#options.credentials.list(email), email, now());
  }

  async #signOutAgent(visit: Visit, request: Request): Promise<Reply> {
    const { base, callers, credentials } = this.#options;
    const { email } = await postingCaller(base, callers, visit);
    const { id } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    const credential = typeof id === 'string' ? await credentials.find(id, email) : undefined;
    if (credential !== undefined) await credentials.end(visit, credential, email);
    return seeOther('/agents');
  }
}

const NO_EMAIL = 'An invite is for anyone with the link, or for one person by email address: that is not an address.';
