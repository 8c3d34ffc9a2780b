/**
 * Visits to which a page of another site, or of a tunnel, has led the browser. Any page can do that as often as it likes, without
 * its visitor seeing more than the last one. So they have a limit of their own and use up nothing of the visitor's: past it
 * the visitor goes on by a link of this host, which no other page can press.
 */
import { asPosternError } from '../../errors.js';
import type { Page } from '../replies/page.js';
import { pageReply } from '../replies/reply.js';
import { AttemptLimit } from '../request/limits.js';
import { isLed } from '../request/navigation.js';
import type { Reply, Visit, VisitRequest } from '../request/visit.js';

/** A limit for what visitors do, and as much again for what other pages lead them to. */
export class VisitLimit {
  readonly #own: AttemptLimit;
  readonly #led: AttemptLimit;

  constructor(kind: ConstructorParameters<typeof AttemptLimit>[0]) {
    this.#own = new AttemptLimit(kind);
    this.#led = new AttemptLimit(kind);
  }

  /** As `AttemptLimit.count`, for the cause of the request. */
  count(request: Pick<VisitRequest, 'header'>, party: string): Promise<void> {
    return this.#of(request).count(party);
  }

  refund(request: Pick<VisitRequest, 'header'>, party: string): Promise<void> {
    return this.#of(request).refund(party);
  }

  #of(request: Pick<VisitRequest, 'header'>): AttemptLimit {
    return isLed(request) ? this.#led : this.#own;
  }
}

/** The reply of a route; where other pages have led the visitor to it too often, a page with the link to go on. */
export async function orGoOnByHand(visit: Visit, reply: () => Promise<Reply>): Promise<Reply> {
  try {
    return await reply();
  } catch (thrown) {
    if (!isLed(visit) || asPosternError(thrown).code !== 'ERR_RATE_LIMITED') throw thrown;
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
