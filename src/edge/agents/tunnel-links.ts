/** The routes to the agent of a tunnel: links of this node, those at other nodes, and the choice where there are several. */
import type { Peers } from '../../cluster/peers.js';
import type { TunnelLink } from '../../cluster/relay.js';
import { notHere } from '../../cluster/relay-protocol.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../../http/exchange.js';

const NEVER = new AbortController().signal;

/** A link at another node. That node knows whether it is there, and says so for each request. */
export class RemoteLink implements TunnelLink {
  readonly #peers: Pick<Peers, 'open'>;
  readonly #node: string;
  readonly #tunnel: string;
  readonly #epoch: number;

  constructor(peers: Pick<Peers, 'open'>, node: string, tunnel: string, epoch: number) {
    this.#peers = peers;
    this.#node = node;
    this.#tunnel = tunnel;
    this.#epoch = epoch;
  }

  get draining(): TunnelLink['draining'] {
    return NEVER;
  }

  get running(): number {
    return 0;
  }

  open(head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream {
    const place = { tunnel: this.#tunnel, epoch: this.#epoch };
    return this.#peers.open(this.#node, { ...place, party: options.party, head }, options, observer);
  }
}

/** Several links of one tunnel: a request takes the one with the fewest, and of equal ones the next in turn. */
class SeveralLinks implements TunnelLink {
  readonly #links: readonly TunnelLink[];
  #turn = 0;

  constructor(links: readonly TunnelLink[]) {
    this.#links = links;
  }

  get draining(): TunnelLink['draining'] {
    return this.#next()?.draining ?? (this.#links[0] as TunnelLink).draining;
  }

  get running(): number {
    return this.#links.reduce((all, { running }) => all + running, 0);
  }

  open(head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream {
    const link = this.#next();
    this.#turn += 1;
    if (link === undefined) throw notHere('every link is closing');
    return link.open(head, options, observer);
  }

  #next(): TunnelLink | undefined {
    const { length } = this.#links;
    let chosen: TunnelLink | undefined;
    for (let at = 0; at < length; at++) {
      const link = this.#links[(this.#turn + at) % length] as TunnelLink;
      if (!link.draining.aborted && (chosen === undefined || link.running < chosen.running)) chosen = link;
    }
    return chosen;
  }
}

/** One for all of them; undefined for none. */
export function oneOf(links: readonly TunnelLink[]): TunnelLink | undefined {
  return links.length > 1 ? new SeveralLinks(links) : links[0];
}
