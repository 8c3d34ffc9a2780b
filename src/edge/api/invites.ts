/** The API's routes about invites: links with which people let themselves in. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { canonicalEmail } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { Decisions } from '../people/decisions.js';
import type { Invite } from '../people/invite-entry.js';
import { type Invites, MAX_USES } from '../people/invites.js';
import { emptyReply, jsonReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { inviteUrl } from '../routes/invite.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import { durationOf, fieldsOf, invalid, JSON_BODY, textOf, wholeNumberOf } from './body.js';
import type { Callers } from './caller.js';
import { ownedBy, param } from './tunnels.js';

export interface InviteApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly invites: Invites;
  readonly decisions: Decisions;
}

const GONE = { text: 'There is no invite with this id any more.' };

/** The routes below a prefix. */
export function inviteApi(prefix: string, { base, callers, invites, decisions }: InviteApiOptions): RouteTable {
  async function list(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await callers.find(visit, param(request, 'name'));
    return listReply(base, visit, {
      name: 'invites',
      items: invites.list(ownedBy(tunnel)),
      positionOf: ({ sinceMs, id }) => [sinceMs, id],
      describe: describeInvite,
    });
  }

  async function create(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const fields = fieldsOf(request, ['for', 'uses', 'email']);
    const email = emailOf(fields);
    const uses = wholeNumberOf(fields, 'uses', { min: 1, max: MAX_USES });
    const { invite, code } = await decisions.invite(visit, ownedBy(tunnel), {
      by: caller.email,
      uses,
      email,
      forMs: durationOf(fields, 'for'),
    });
    return { ...jsonReply({ ...describeInvite(invite), url: inviteUrl(base, invite.tunnel, code) }), status: 201 };
  }

  async function revoke(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const isDone = await decisions.revokeInvite(visit, ownedBy(tunnel), param(request, 'id'), { by: caller.email });
    if (!isDone) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/tunnels/:name/invites`, list],
    ['post', `${prefix}/tunnels/:name/invites`, create, JSON_BODY],
    ['delete', `${prefix}/tunnels/:name/invites/:id`, revoke],
  ];
}

const MAX_EMAIL_CHARS = 254;

function emailOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  const text = textOf(fields, 'email', MAX_EMAIL_CHARS);
  const email = text === undefined ? undefined : canonicalEmail(text);
  if (text !== undefined && email === undefined) throw invalid('"email" is not an email address.');
  return email;
}

/** An invite as the API and its events show it: without the secret, which only its link has. */
export function describeInvite({ id, uses, used, email, by, sinceMs, expiresAtMs, endsAccess }: Invite) {
  const expiresAt = new Date(expiresAtMs).toISOString();
  return {
    id,
    uses,
    used,
    email: email ?? null,
    by,
    since: new Date(sinceMs).toISOString(),
    expires_at: expiresAt,
    access_expires_at: endsAccess ? expiresAt : null,
  };
}
