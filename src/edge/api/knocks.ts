/** The API's routes about people who ask to be let in. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import type { Decisions } from '../people/decisions.js';
import type { Knock, Knocks } from '../people/knocks.js';
import { emptyReply, jsonReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import { durationOf, fieldsOf, JSON_BODY, wordOf } from './body.js';
import type { Callers } from './caller.js';
import { describeGrant, ownedBy, param } from './tunnels.js';

export interface KnockApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly knocks: Knocks;
  readonly decisions: Decisions;
}

const ANSWERS = ['allow', 'deny'] as const;

/** The routes below a prefix. */
export function knockApi(prefix: string, { base, callers, knocks, decisions }: KnockApiOptions): RouteTable {
  async function list(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await callers.find(visit, param(request, 'name'));
    return listReply(base, visit, {
      name: 'knocks',
      items: knocks.list(ownedBy(tunnel)),
      positionOf: ({ askedAtMs, id }) => [askedAtMs, id],
      describe: describeKnock,
    });
  }

  async function answer(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const fields = fieldsOf(request, ['answer', 'for']);
    const word = wordOf(fields, 'answer', ANSWERS);
    const forMs = durationOf(fields, 'for');
    const how = { answer: word, forMs, by: caller.email };
    const grant = await decisions.answer(visit, ownedBy(tunnel), param(request, 'id'), how);
    return grant === undefined ? emptyReply() : jsonReply(describeGrant(grant));
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
