/** The API's routes about tunnels, and about who was granted access to them. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { formatRule } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import type { Decisions } from '../people/decisions.js';
import type { Grant, Grants } from '../people/grants.js';
import { emptyReply, jsonReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { firstPage, type Listing, listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import { durationOf, fieldsOf, JSON_BODY, wordOf } from './body.js';
import type { Callers } from './caller.js';

export interface TunnelApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly registry: Registry;
  readonly grants: Grants;
  readonly decisions: Decisions;
}

const EFFECTS = ['allow', 'deny'] as const;

/** The routes below a prefix, as `/.postern/api/v1`. */
export function tunnelApi(prefix: string, options: TunnelApiOptions): RouteTable {
  const { base, callers, registry, grants, decisions } = options;
  const describe = (tunnel: Tunnel) => describeTunnel(tunnel, registry, grants);

  async function list(visit: Visit): Promise<Reply> {
    const caller = await callers.identify(visit);
    return listReply(base, visit, {
      name: 'tunnels',
      items: callers.tunnels(caller),
      positionOf: ({ name }) => [name],
      describe,
    });
  }

  async function one(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await callers.find(visit, param(request, 'name'));
    return jsonReply(describe(tunnel));
  }

  async function listGrants(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await callers.find(visit, param(request, 'name'));
    return listReply(base, visit, { ...grantsOf(tunnel, grants), describe: describeGrant });
  }

  async function decide(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const fields = fieldsOf(request, ['effect', 'for']);
    const effect = wordOf(fields, 'effect', EFFECTS);
    const forMs = durationOf(fields, 'for');
    const how = { effect, forMs, by: caller.email };
    return jsonReply(describeGrant(await decisions.decide(visit, ownedBy(tunnel), param(request, 'rule'), how)));
  }

  async function takeBack(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    const isDone = await decisions.takeBack(visit, ownedBy(tunnel), param(request, 'rule'), { by: caller.email });
    if (!isDone) throw new PosternError('ERR_NOT_FOUND', undefined, NO_GRANT);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/tunnels`, list],
    ['get', `${prefix}/tunnels/:name`, one],
    ['get', `${prefix}/tunnels/:name/grants`, listGrants],
    ['put', `${prefix}/tunnels/:name/grants/:rule`, decide, JSON_BODY],
    ['delete', `${prefix}/tunnels/:name/grants/:rule`, takeBack],
  ];
}

const NO_GRANT = { text: 'Nothing was granted in these words: a rule of the agent itself is taken back at the agent.' };

function describeTunnel(tunnel: Tunnel, registry: Registry, grants: Grants) {
  const { name, origin, policy, link } = tunnel;
  const { items, next } = firstPage(grantsOf(tunnel, grants));
  return {
    name,
    url: `${origin}/`,
    owner: policy.owner,
    online: link !== undefined,
    allow: registry.offeredWords(name),
    grants: items.map(describeGrant),
    grants_next: next,
  };
}

function grantsOf(tunnel: Tunnel, grants: Grants): Listing<Grant> {
  return {
    name: 'grants',
    items: grants.list(ownedBy(tunnel)),
    positionOf: ({ sinceMs, rule }) => [sinceMs, formatRule(rule)],
  };
}

/** A grant as the API and its events show it. */
export function describeGrant({ rule, effect, by, sinceMs, expiresAtMs }: Grant) {
  return {
    rule: formatRule(rule),
    effect,
    by,
    since: new Date(sinceMs).toISOString(),
    expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
  };
}

/** A tunnel and its owner. */
export function ownedBy({ name, policy }: Tunnel) {
  return { name, owner: policy.owner };
}

/** A parameter of the path. */
export function param({ params }: Request, name: string): string {
  const value = params[name];
  return typeof value === 'string' ? value : '';
}
