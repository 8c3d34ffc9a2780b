/** The API's routes about all people of the edge and their sessions, for administrators; for others there are none. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { canonicalEmail } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import { emptyReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { type Listing, listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import type { Administration, EdgePerson } from './administration.js';
import type { Caller, Callers } from './caller.js';
import { describeClient } from './clients.js';
import { describeToken } from './tokens.js';
import { param } from './tunnels.js';

export interface EveryoneApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly administration: Administration;
}

const GONE = { text: 'There is no such person, or no such session of theirs, any more.' };

/** The routes below a prefix. */
export function everyoneApi(prefix: string, { base, callers, administration }: EveryoneApiOptions): RouteTable {
  async function administrator(visit: Visit): Promise<Caller> {
    const caller = await callers.identifyOperator(visit);
    checkAdministrator(caller);
    return caller;
  }

  async function person(request: Request): Promise<EdgePerson> {
    const found = await administration.find(param(request, 'id'));
    if (found === undefined) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    return found;
  }

  async function list(visit: Visit): Promise<Reply> {
    await administrator(visit);
    return listReply(base, visit, { ...peopleByEmail(await administration.people()), describe });
  }

  async function endOne(visit: Visit, request: Request): Promise<Reply> {
    const { email } = await administrator(visit);
    const { signIns } = await person(request);
    const signIn = signIns.find(({ id }) => id === param(request, 'session'));
    if (signIn === undefined) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    await administration.endSignIn(visit, signIn, email);
    return emptyReply();
  }

  async function endAll(visit: Visit, request: Request): Promise<Reply> {
    const { email: by } = await administrator(visit);
    const email = canonicalEmail(param(request, 'id'));
    if (email === undefined) await administration.endAll(visit, await person(request), by);
    else await administration.endAddress(visit, email, by);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/people`, list],
    ['delete', `${prefix}/people/:id/sessions`, endAll],
    ['delete', `${prefix}/people/:id/sessions/:session`, endOne],
  ];
}

/** Throws `ERR_NOT_FOUND` for all but administrators: what they have is not there for others. */
export function checkAdministrator({ isAdmin }: Caller): void {
  if (!isAdmin) throw new PosternError('ERR_NOT_FOUND', 'not an administrator');
}

/** People as a list, by address. */
export function peopleByEmail(items: readonly EdgePerson[]): Listing<EdgePerson> {
  return { name: 'people', items, positionOf: ({ account, id }) => [account.email, id] };
}

function describe({ id, account, signIns, hasMore, here, agents, clients }: EdgePerson) {
  const sessions = signIns.map((signIn) => ({
    id: signIn.id,
    since: new Date(signIn.signedInAtMs).toISOString(),
    expires_at: new Date(signIn.expiresAtMs).toISOString(),
    address: signIn.address,
    browser: signIn.browser,
  }));
  const { email, issuer } = account;
  return {
    id,
    email,
    issuer,
    sessions,
    has_more: hasMore,
    here,
    agents: agents.map(describeToken),
    clients: clients.map(describeClient),
  };
}
