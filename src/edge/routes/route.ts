/** The routes of the edge. Express only selects it by method and path. */
import { type Request, type RequestHandler, Router } from 'express';
import type { MaybePromise } from '../../core/maybe-promise.js';
import type { Reply, Visit } from '../request/visit.js';
import { bounded } from './bounded-body.js';

/** From a visit to its reply; undefined when the route responds by itself, as to a stream of events. */
export type Route = (visit: Visit, request: Request) => MaybePromise<Reply | undefined>;

/** The visit that belongs to a request of Express. */
export type VisitOf = (request: Request) => Visit;

export type RouteTable = readonly (readonly [
  method: 'get' | 'post' | 'put' | 'delete' | 'options',
  path: string,
  route: Route,
  ...parsers: RequestHandler[],
])[];

export function routerOf(table: RouteTable, visitOf: VisitOf): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const [method, path, route, ...parsers] of table) {
    router[method](path, ...parsers.map(bounded), async (request) => {
      const visit = visitOf(request);
      const reply = await route(visit, request);
      if (reply !== undefined) visit.reply(reply);
    });
  }
  return router;
}
