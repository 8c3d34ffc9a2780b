/**
 * The API's routes about agents' tokens: an owner's own, and for an administrator all. A token that is limited to some names
 * sees and revokes no other than itself.
 */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { emptyReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import type { AgentCredential, AgentCredentials } from './agent-credentials.js';
import type { Caller, Callers } from './caller.js';
import { param } from './tunnels.js';

export interface TokenApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly credentials: AgentCredentials;
}

const GONE = {
  text: 'No token with this id has been presented here, or it counts no more. One that was never used is revoked with "postern token revoke" and POSTERN_REVOKED_TOKENS.',
};

/** The routes below a prefix. */
export function tokenApi(prefix: string, { base, callers, credentials }: TokenApiOptions): RouteTable {
  const scopeOf = ({ isAdmin, email }: Caller) => (isAdmin ? undefined : email);

  async function list(visit: Visit): Promise<Reply> {
    const caller = await callers.identifyOperator(visit);
    const found = await credentials.list(scopeOf(caller));
    return listReply(base, visit, {
      name: 'tokens',
      items: found.filter((token) => caller.mayEnd(token)),
      positionOf: ({ sinceMs, id }) => [-sinceMs, id],
      describe: describeToken,
    });
  }

  async function revoke(visit: Visit, request: Request): Promise<Reply> {
    const caller = await callers.identifyOperator(visit);
    const token = await credentials.find(param(request, 'id'), scopeOf(caller));
    if (token === undefined || !caller.mayEnd(token)) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    await credentials.end(visit, token, caller.email);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/tokens`, list],
    ['delete', `${prefix}/tokens/:id`, revoke],
  ];
}

/** A credential of agents as the API shows it: never the token itself. */
export function describeToken(token: AgentCredential) {
  const { id, owner, tunnels, address, online, signIn } = token;
  return {
    id,
    owner,
    tunnels,
    since: timeOf(token.sinceMs),
    expires_at: timeOf(token.expiresAtMs),
    first_seen: token.firstSeenMs === undefined ? null : timeOf(token.firstSeenMs),
    last_seen: timeOf(token.lastSeenMs),
    address,
    online,
    sign_in: signIn === undefined ? null : { machine: signIn.machine, user: signIn.user },
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
