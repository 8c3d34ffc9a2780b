/** A route of the edge: from a visit to a reply. Express only selects it by method and path. */
import { type Request, type RequestHandler, Router } from 'express';
import type { MaybePromise } from '../../core/maybe-promise.js';
import type { Reply, Visit } from '../request/visit.js';

export type Route = (visit: Visit, request: Request) => MaybePromise<Reply>;

/** The visit that belongs to a request of Express. */
export type VisitOf = (request: Request) => Visit;

export type RouteTable = readonly (readonly [
  method: 'get' | 'post',
  path: string,
  route: Route,
  ...before: RequestHandler[],
])[];

export function routerOf(table: RouteTable, visitOf: VisitOf): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const [method, path, route, ...before] of table) {
    router[method](path, ...before, async (request) => {
      const visit = visitOf(request);
      visit.reply(await route(visit, request));
    });
  }
  return router;
}
