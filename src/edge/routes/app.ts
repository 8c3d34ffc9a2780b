/**
 * The Express app: all requests that are not forwarded. The front door has checked them; they are for the base host or for
 * the edge's own paths on a tunnel's host.
 */
import express, { type ErrorRequestHandler, type Express } from 'express';
import { asPosternError, PosternError } from '../../errors.js';
import type { Visit } from '../request/visit.js';
import { type BaseRoutesOptions, baseRoutes } from './base.js';
import { type RouteTable, routerOf, type VisitOf } from './route.js';
import { type TunnelRoutesOptions, tunnelRoutes } from './tunnel.js';

export interface AppOptions extends BaseRoutesOptions, TunnelRoutesOptions {
  readonly visitOf: VisitOf;
  /** The routes of the API and of the sign-in of agents, on the base host. */
  readonly api: RouteTable;
  readonly replyWithError: (visit: Visit, error: PosternError) => void;
}

export function createApp(options: AppOptions): Express {
  const { visitOf, replyWithError } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const base = routerOf([...baseRoutes(options), ...options.api], visitOf);
  const tunnel = routerOf(tunnelRoutes(options), visitOf);
  tunnel.use(notFound); // here too: otherwise Express replies to OPTIONS by itself
  app.use((request, response, next) => {
    (visitOf(request).place.kind === 'tunnel' ? tunnel : base)(request, response, next);
  });
  app.use(notFound);
  const onError: ErrorRequestHandler = (thrown, request, _response, _next) => {
    replyWithError(visitOf(request), translate(thrown));
  };
  app.use(onError);
  return app;
}

function notFound(): never {
  throw new PosternError('ERR_NOT_FOUND');
}

/** Express throws errors with a `status` for requests that it cannot parse, such as a bad percent-encoding. */
function translate(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown; // it has a status, too
  const status: unknown = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined;
  const isBadRequest = typeof status === 'number' && status >= 400 && status < 500;
  return isBadRequest ? new PosternError('ERR_BAD_REQUEST', undefined, { cause: thrown }) : asPosternError(thrown);
}
