/** The API's routes about people who ask to be let in. */
import type { Request } from 'express';
import { PosternError } from '../../errors.js';
import type { Tunnel } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import type { Grants } from '../people/grants.js';
import type { Knock, Knocks } from '../people/knocks.js';
import { emptyReply, jsonReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import type { RouteTable } from '../routes/route.js';
import { durationOf, fieldsOf, JSON_BODY, wordOf } from './body.js';
import type { Callers } from './caller.js';
import { describeGrant, ownedBy, param } from './tunnels.js';

export interface KnockApiOptions {
  readonly callers: Callers;
  readonly grants: Grants;
  readonly knocks: Knocks;
  readonly observer: Observer;
}

const ANSWERS = ['allow', 'deny'] as const;

const GONE = { text: 'Nobody with this id asks to be let in any more.' };

/** The routes below a prefix. */
export function knockApi(prefix: string, { callers, grants, knocks, observer }: KnockApiOptions): RouteTable {
  async function list(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await find(visit, request);
    return jsonReply({ knocks: knocks.list(ownedBy(tunnel)).map(describeKnock) });
  }

  async function answer(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await find(visit, request);
    const fields = fieldsOf(request, ['answer', 'for']);
    const word = wordOf(fields, 'answer', ANSWERS);
    const forMs = durationOf(fields, 'for');
    const knock = knocks.find(ownedBy(tunnel), param(request, 'id'));
    if (knock === undefined) throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    return word === 'allow'
      ? allow(visit, tunnel, knock, { by: caller.email, forMs })
      : deny(visit, tunnel, knock, caller.email);
  }

  async function allow(visit: Visit, tunnel: Tunnel, { email }: Knock, how: { by: string; forMs: number | undefined }) {
    const grant = await grants.decide(ownedBy(tunnel), email, { effect: 'allow', ...how });
    await knocks.settle(ownedBy(tunnel), email, 'allow');
    const { by, expiresAtMs } = grant;
    const change = { change: 'allow', tunnel: tunnel.name, rule: email, by, expiresAtMs } as const;
    observer.emit({ kind: 'access-changed', visit, change });
    return jsonReply(describeGrant(grant));
  }

  async function deny(visit: Visit, tunnel: Tunnel, { email }: Knock, by: string): Promise<Reply> {
    await knocks.settle(ownedBy(tunnel), email, 'deny');
    observer.emit({
      kind: 'access-changed',
      visit,
      change: { change: 'refuse', tunnel: tunnel.name, rule: email, by },
    });
    return emptyReply();
  }

  async function find(visit: Visit, request: Request) {
    const caller = await callers.identify(visit);
    return { caller, tunnel: callers.tunnel(caller, param(request, 'name')) };
  }

  return [
    ['get', `${prefix}/tunnels/:name/knocks`, list],
    ['post', `${prefix}/tunnels/:name/knocks/:id`, answer, JSON_BODY],
  ];
}

/** A request to be let in, as the API and its events show it. */
export function describeKnock({ id, email, message, askedAtMs }: Knock) {
  return { id, email, message, at: new Date(askedAtMs).toISOString() };
}
