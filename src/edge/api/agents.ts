/** The API's routes about the agents that are signed in as the caller. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { Asker } from '../ops/events.js';
import type { Observer } from '../ops/observer.js';
import { emptyReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import type { Callers } from './caller.js';
import { param } from './tunnels.js';

/** A sign-in of `postern login`; `oauth/agent-sign-ins.ts` keeps them. */
export interface SignedInAgent {
  readonly id: string;
  readonly owner: string;
  readonly machine: string;
  readonly user: string;
  readonly address: string;
  readonly sinceMs: number;
  readonly usedAtMs: number;
}

export interface SignedInAgents {
  listOf(owner: string): Promise<readonly SignedInAgent[]>;
  find(owner: string, id: string): Promise<SignedInAgent | undefined>;
  end(signIn: SignedInAgent): Promise<void>;
}

export interface AgentApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly signIns: SignedInAgents;
  readonly observer: Observer;
}

const GONE = { text: 'No agent with this id is signed in as you.' };

/** The routes below a prefix. */
export function agentApi(prefix: string, { base, callers, signIns, observer }: AgentApiOptions): RouteTable {
  async function list(visit: Visit): Promise<Reply> {
    const { email } = await callers.identify(visit);
    return listReply(base, visit, {
      name: 'agents',
      items: await signIns.listOf(email),
      positionOf: ({ sinceMs, id }) => [-sinceMs, id], // not by the last use, which changes between two pages
      describe: describeAgent,
    });
  }

  async function signOut(visit: Visit, request: Request): Promise<Reply> {
    const { email } = await callers.identify(visit);
    const signIn = await signIns.find(email, param(request, 'id'));
    if (signIn === undefined) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    await endSignIn(visit, signIn, signIns, observer);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/agents`, list],
    ['delete', `${prefix}/agents/:id`, signOut],
  ];
}

/** Signs an agent out, at the request of its owner. */
export async function endSignIn(
  visit: Asker,
  signIn: SignedInAgent,
  signIns: SignedInAgents,
  observer: Observer,
): Promise<void> {
  await signIns.end(signIn);
  const { id: tokenId, owner, machine } = signIn;
  observer.emit({ kind: 'agent-signed-out', asker: visit, signIn: { tokenId, owner, machine } });
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
