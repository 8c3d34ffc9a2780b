/**
 * A middleware for Express, and for whatever else takes `(request, response, next)`: `request.identity` is the visitor, verified.
 * A request without a valid assertion gets 401 in JSON and goes no further.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asPosternError, type PosternError } from '../errors.js';
import { createVerifier, type VerifierOptions, type VisitorIdentity } from './verify.js';

export type { VerifierOptions, VisitorIdentity } from './verify.js';

declare global {
  // Of @types/express, where it is there: its requests have this member, too.
  namespace Express {
    interface Request {
      /** The visitor, verified by `postern/express`; undefined only where that was made `optional`. */
      identity?: VisitorIdentity;
    }
  }
}

export interface MiddlewareOptions extends VerifierOptions {
  /**
   * Lets requests without an assertion pass, without an identity: those of public paths and tunnels. One that is not valid is
   * refused nevertheless. Not unless given.
   */
  readonly optional?: boolean;
}

/** A request behind the middleware. */
export type IdentifiedRequest = IncomingMessage & { identity?: VisitorIdentity };

export type Middleware = (
  request: IdentifiedRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Creates the middleware. Throws `ERR_CONFIG_INVALID` as `createVerifier` does.
 *
 * ```js
 * app.use(postern({ edge: 'https://tunnel.acme.com', tunnel: 'https://demo.tunnel.acme.com' }));
 * app.get('/', (request, response) => response.send(`Hello ${request.identity.email}`));
 * ```
 */
export function postern({ optional = false, ...options }: MiddlewareOptions): Middleware {
  const verifier = createVerifier(options);
  const verify = optional ? verifier.verifyIfPresent : verifier.verify;
  return (request, response, next) => {
    delete request.identity; // what ran before may have set one that nothing has verified
    verify(request).then(
      (identity) => {
        if (identity !== undefined) request.identity = identity;
        next();
      },
      (error: unknown) => refuse(response, asPosternError(error)),
    );
  };
}

// As the edge's own errors. What went wrong in detail is not for the client.
function refuse(response: ServerResponse, { code, status, text, retryable }: PosternError): void {
  const body = JSON.stringify({ error: { code, message: text, retryable } });
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 401 && { 'WWW-Authenticate': 'Postern' }), // RFC 9110 section 15.5.2
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
