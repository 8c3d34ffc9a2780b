/** The API's routes about access tokens, which machines present to a tunnel. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { AccessToken, AccessTokens } from '../people/access-tokens.js';
import type { Decisions } from '../people/decisions.js';
import { emptyReply, jsonReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import { durationOf, fieldsOf, JSON_BODY, textOf } from './body.js';
import type { Callers } from './caller.js';
import { ownedBy, param } from './tunnels.js';

export interface AccessTokenApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly accessTokens: AccessTokens;
  readonly decisions: Decisions;
  readonly permits: { readonly accessTokens: boolean };
}

const DEFAULT_MS = 30 * 86_400_000;

const NOT_PERMITTED = {
  text: 'This edge does not permit access tokens: its operator has not set POSTERN_ACCESS_TOKENS.',
};
const GONE = { text: 'The tunnel has no access token with this id.' };

/** The routes below a prefix. */
export function accessTokenApi(
  prefix: string,
  { base, callers, accessTokens, decisions, permits }: AccessTokenApiOptions,
): RouteTable {
  async function list(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await callers.find(visit, param(request, 'name'));
    return listReply(base, visit, {
      name: 'access_tokens',
      items: accessTokens.list(ownedBy(tunnel)),
      positionOf: ({ sinceMs, id }) => [sinceMs, id],
      describe: describeAccessToken,
    });
  }

  async function create(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    if (!permits.accessTokens) throw new PosternError('ERR_OUTSIDE_CEILING', 'access tokens', NOT_PERMITTED);
    const fields = fieldsOf(request, ['name', 'for']);
    const name = textOf(fields, 'name', 64) ?? '';
    const forMs = durationOf(fields, 'for') ?? DEFAULT_MS;
    const { created, token } = await decisions.createAccessToken(visit, ownedBy(tunnel), {
      name,
      forMs,
      by: caller.email,
    });
    return { ...jsonReply({ ...describeAccessToken(created), token }), status: 201 };
  }

  async function revoke(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const isDone = await decisions.revokeAccessToken(visit, ownedBy(tunnel), param(request, 'id'), {
      by: caller.email,
    });
    if (!isDone) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/tunnels/:name/access-tokens`, list],
    ['post', `${prefix}/tunnels/:name/access-tokens`, create, JSON_BODY],
    ['delete', `${prefix}/tunnels/:name/access-tokens/:id`, revoke],
  ];
}

/** An access token as the API and its events show it: never the token itself. */
export function describeAccessToken({ id, name, by, sinceMs, expiresAtMs }: AccessToken) {
  return { id, name, by, since: new Date(sinceMs).toISOString(), expires_at: new Date(expiresAtMs).toISOString() };
}
