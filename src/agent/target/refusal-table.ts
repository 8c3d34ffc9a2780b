/** The refusals of hosts and origins by development servers: the shape of a row, and the search. Pure. */
import { HOST_REFUSALS } from './host-refusals.js';
import { ORIGIN_REFUSALS } from './origin-refusals.js';
import type { Refusal, ResponseStart } from './refusal.js';

/** The refusal that this response is, if any. */
export function recognizeRefusal(start: ResponseStart): Refusal | undefined {
  return [...HOST_REFUSALS, ...ORIGIN_REFUSALS].find(
    (refusal) => (start.isText || refusal.checks === 'origin' || refusal.isData) && refusal.matches(start),
  );
}
