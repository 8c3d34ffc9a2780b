/** The API's routes about the agents that are signed in as the caller. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { emptyReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import type { AgentCredentials, SignedInAgent } from './agent-credentials.js';
import type { Callers } from './caller.js';
import { param } from './tunnels.js';

export interface AgentApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly credentials: AgentCredentials;
}

const GONE = { text: 'No agent with this id is signed in as you.' };

/** The routes below a prefix. */
export function agentApi(prefix: string, { base, callers, credentials }: AgentApiOptions): RouteTable {
  async function list(visit: Visit): Promise<Reply> {
    const caller = await callers.identify(visit);
    const own = (await credentials.list(caller.email)).filter((credential) => caller.mayEnd(credential));
    return listReply(base, visit, {
      name: 'agents',
      items: own.flatMap(({ signIn }) => (signIn === undefined ? [] : [signIn])),
      positionOf: ({ sinceMs, id }) => [-sinceMs, id], // not by the last use, which changes between two pages
      describe: describeAgent,
    });
  }

  async function signOut(visit: Visit, request: Request): Promise<Reply> {
    const caller = await callers.identify(visit);
    const credential = await credentials.find(param(request, 'id'), caller.email);
    if (credential?.signIn === undefined || !caller.mayEnd(credential))
      throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    await credentials.end(visit, credential, caller.email);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/agents`, list],
    ['delete', `${prefix}/agents/:id`, signOut],
  ];
}

function describeAgent({ id, machine, user, address, sinceMs, usedAtMs }: SignedInAgent) {
  return {
    id,
    machine,
    user,
    address,
    since: new Date(sinceMs).toISOString(),
    last_used: new Date(usedAtMs).toISOString(),
  };
}
