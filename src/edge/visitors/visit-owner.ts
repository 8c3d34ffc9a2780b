/** Whom a visit tells of its end, and of a response that cannot be written: the front door. */
import type { PosternError } from '../../errors.js';
import type { VisitEnd } from '../ops/events.js';
import type { Visit } from '../request/visit.js';

export interface VisitOwner {
  ended(visit: Visit, end: VisitEnd): void;
  replyWithError(visit: Visit, error: PosternError): void;
}
