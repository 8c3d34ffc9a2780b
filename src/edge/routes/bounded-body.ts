/**
 * Bounds on the body of a request for one of the edge's own paths, which strangers may send. The parsers of Express refuse a body
 * that is too large only once they have read it to its end, and wait for a slow one as long as it takes.
 */
import type { RequestHandler } from 'express';
import { PosternError } from '../../errors.js';

/** More than any route takes: that it is too large for the route, its parser says. */
export const MAX_OWN_BODY_BYTES = 65_536;

export const MAX_OWN_BODY_MS = 10_000;

/** Runs a parser of bodies, and goes on with an error once a body is past the bounds. What is left of it is not read. */
export function bounded(parser: RequestHandler): RequestHandler {
  return (request, response, next) => {
    let bytes = 0;
    let isDecided = false;
    const decide = (error?: unknown) => {
      if (isDecided) return;
      isDecided = true;
      clearTimeout(late);
      request.off('data', count);
      next(error);
    };
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OWN_BODY_BYTES) decide(new PosternError('ERR_BAD_REQUEST', 'a body that is too large'));
    };
    const late = setTimeout(() => decide(new PosternError('ERR_REQUEST_TIMEOUT')), MAX_OWN_BODY_MS);
    parser(request, response, decide);
    if (!isDecided) request.on('data', count); // behind the parser: it is for it to say when the body begins to flow
  };
}
