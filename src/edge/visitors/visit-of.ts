/** Which visit a request of `node:http` belongs to: Express hands its routes the request, and they work on the visit. */
import type { IncomingMessage } from 'node:http';
import { PosternError } from '../../errors.js';
import type { Visit } from '../request/visit.js';

// A property of the request rather than a WeakMap, which costs fifty times as much on the path of each request.
const VISIT = Symbol('visit');

type Known = IncomingMessage & { [VISIT]?: Visit };

/** Notes the visit of a request. */
export function setVisit(request: Known, visit: Visit): void {
  request[VISIT] = visit;
}

/** The visit of a request that came through the front door. Throws `ERR_INTERNAL` for any other. */
export function visitOf(request: Known): Visit {
  const visit = request[VISIT];
  if (visit === undefined) throw new PosternError('ERR_INTERNAL', 'a request that did not come through the front door');
  return visit;
}
