/**
 * How often a party may visit a page. Navigations that pages of other origins start have a limit of their own: any page can start
 * as many as it likes, and its visitor sees only the last one, so they use up nothing of the visitor's. Past that limit the
 * visitor goes on by a link of this host, which no other page can press.
 */
import { asPosternError } from '../../errors.js';
import type { SharedCounters } from '../../store/store.js';
import type { Page } from '../replies/page.js';
import { pageReply } from '../replies/reply.js';
import { AttemptLimit } from '../request/attempts.js';
import { isCrossOrigin } from '../request/navigation.js';
import type { Reply, Visit, VisitRequest } from '../request/visit.js';

/** A limit for what visitors do, and as much again for what pages of other origins start. */
export class VisitLimit {
  readonly #own: AttemptLimit;
  readonly #crossOrigin: AttemptLimit;

  constructor(kind: ConstructorParameters<typeof AttemptLimit>[0], counters?: SharedCounters) {
    this.#own = new AttemptLimit(kind, { scope: `${kind} visit`, counters });
    this.#crossOrigin = new AttemptLimit(kind, { scope: `${kind} cross-origin`, counters });
  }

  /** As `AttemptLimit.count`, by the page that has started the request. */
  count(request: Pick<VisitRequest, 'header'>, party: string): Promise<void> {
    return this.#of(request).count(party);
  }

  refund(request: Pick<VisitRequest, 'header'>, party: string): Promise<void> {
    return this.#of(request).refund(party);
  }

  #of(request: Pick<VisitRequest, 'header'>): AttemptLimit {
    return isCrossOrigin(request) ? this.#crossOrigin : this.#own;
  }
}

/** The reply of a route, or a page with a link to go on where pages of other origins have started it too often. */
export async function orAskToGoOn(visit: Visit, reply: () => Promise<Reply>): Promise<Reply> {
  try {
    return await reply();
  } catch (thrown) {
    if (!isCrossOrigin(visit) || asPosternError(thrown).code !== 'ERR_RATE_LIMITED') throw thrown;
    return { ...pageReply(goOnPage(visit.path)), status: 429 };
  }
}

function goOnPage(path: string): Page {
  return {
    title: 'Do you want to go on?',
    blocks: [
      { kind: 'text', text: 'Pages of other sites have led this browser here very often within a short time.' },
      { kind: 'link', label: 'Go on', href: path, rank: 'main' },
    ],
    facts: [],
  };
}
