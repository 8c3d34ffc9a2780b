/**
 * The Express app: everything that is not forwarded. It is given requests that the front door has checked, for the base
 * host or for a tunnel's host whose gate has refused them.
 */
import express, { type ErrorRequestHandler, type Express } from 'express';
import { asPosternError, PosternError } from '../../errors.js';
import { contextOf } from '../request/checks.js';
import { type BaseRoutesOptions, baseRoutes } from './base.js';
import { type TunnelRoutesOptions, tunnelRoutes } from './tunnel.js';

export type AppOptions = BaseRoutesOptions & TunnelRoutesOptions;

export function createApp(options: AppOptions): Express {
  const { replies, observer } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const base = baseRoutes(options);
  const tunnel = tunnelRoutes(options);
  app.use((request, response, next) => {
    const { place } = contextOf(request);
    (place.kind === 'tunnel' ? tunnel : base)(request, response, next);
  });
  app.use(() => {
    throw new PosternError('ERR_NOT_FOUND');
  });
  const onError: ErrorRequestHandler = (thrown, request, response, _next) => {
    const error = translate(thrown);
    observer.failed(request, error);
    if (response.headersSent) response.destroy();
    else replies.error(request, response, error);
  };
  app.use(onError);
  return app;
}

/** Express and its router throw errors with a `status` for requests that they cannot read, a bad %-escape for one. */
function translate(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown; // has a status too
  const status: unknown = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined;
  const isBadRequest = typeof status === 'number' && status >= 400 && status < 500;
  return isBadRequest ? new PosternError('ERR_BAD_REQUEST', undefined, { cause: thrown }) : asPosternError(thrown);
}
