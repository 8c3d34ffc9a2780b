/**
 * The owner node's half of a relayed request: joins the stream of the other node to one of the agent's link. Both ends keep the
 * contract of an exchange, so bodies, back-pressure, interim responses, trailers and cancellation pass as they are. What arrives
 * here goes to a link of this node or nowhere.
 */
import { asPosternError, type PosternError } from '../errors.js';
import type {
  InboundObserver,
  OpenOptions,
  OutboundObserver,
  OutboundStream,
  RequestHead,
  ResponseHead,
} from '../http/exchange.js';
import type { RawHeaders } from '../http/fields.js';
import { Http2ErrorCode } from '../http2/errors.js';
import { wasNotProcessed } from '../link/client-stream.js';
import { linkLost } from '../link/link.js';
import type { ServerStream } from '../link/server-stream.js';
import { NOT_HERE, type PeerRequest, readPeerHead, resetCodeOf } from './relay-protocol.js';

/** Where the requests of a tunnel go: a link of its agent, or the route to one at another node. */
export interface TunnelLink {
  /** Aborted once it takes no new request. */
  readonly draining: AbortSignal;
  /** How many requests run on it, as far as this node knows. */
  readonly running: number;
  /** As `OutboundLink.open`. */
  open(head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream;
}

/** The links that this node has. */
export interface OwnLinks {
  /** One of a tunnel, of this epoch; undefined if there is none. Waits for one that is about to be there. */
  linkOf(tunnel: string, epoch: number): TunnelLink | undefined | Promise<TunnelLink | undefined>;
  /** Whether an agent of a tunnel is alive. Ends the links of one that is not. */
  probe(tunnel: string, epoch: number): Promise<boolean>;
}

/** Responds to a request of another node. Never throws. */
export function serveRelayed(stream: ServerStream, links: OwnLinks): void {
  const request = readPeerHead(stream.head);
  if (request === undefined) stream.cancel(Http2ErrorCode.PROTOCOL_ERROR);
  else if (request.kind === 'probe') void respondToProbe(stream, request, links);
  else new Relay(stream, request).start(links);
}

async function respondToProbe(stream: ServerStream, { tunnel, epoch }: PeerRequest, links: OwnLinks): Promise<void> {
  try {
    stream.respond({ status: (await links.probe(tunnel, epoch)) ? 200 : 404, headers: [] }, { endOfBody: true });
  } catch {
    stream.cancel(); // the other node takes it for alive
  }
}

/** One relayed request, from the other node to the agent and back. */
class Relay {
  readonly #inbound: ServerStream;
  readonly #request: PeerRequest & { readonly head: RequestHead };
  #link: TunnelLink | undefined;
  #outbound: OutboundStream | undefined;
  #isOver = false;
  #requestTrailers: RawHeaders | undefined;
  #responseTrailers: RawHeaders | undefined;

  constructor(inbound: ServerStream, request: PeerRequest & { readonly head: RequestHead }) {
    this.#inbound = inbound;
    this.#request = request;
  }

  start(links: OwnLinks): void {
    const { tunnel, epoch } = this.#request;
    this.#inbound.observe(this.#visitor);
    const link = links.linkOf(tunnel, epoch);
    if (!(link instanceof Promise)) this.#open(link);
    else
      link.then(
        (found) => this.#open(found),
        () => this.#end(NOT_HERE),
      );
  }

  #open(link: TunnelLink | undefined): void {
    if (this.#isOver) return;
    if (link === undefined) {
      this.#end(NOT_HERE);
      return;
    }
    const { head, party } = this.#request;
    const { endOfBody } = this.#inbound;
    this.#link = link;
    try {
      this.#outbound = link.open(head, { endOfBody, party }, this.#agent);
      // The other node keeps the body until then: had there been no link, it could try elsewhere (RFC 9110 section 15.2.1).
      if (!endOfBody && head.protocol === undefined) this.#inbound.informational({ status: 100, headers: [] });
      this.#inbound.resume();
    } catch (error) {
      this.#end(resetCodeOf(asPosternError(error)));
    }
  }

  /** A WebSocket that ends with its tunnel must not look as if its app had broken it off: only this node knows the link. */
  #explained(error: PosternError): PosternError {
    const isWithLink = this.#request.head.protocol !== undefined && this.#link?.draining.aborted === true;
    return isWithLink && !wasNotProcessed(error) ? linkLost(error) : error;
  }

  #end(code: number): void {
    this.#isOver = true;
    this.#inbound.cancel(code);
  }

  /** Passes a head on, which the other node may not be able to carry. */
  #pass(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#outbound?.cancel();
      this.#end(resetCodeOf(asPosternError(error)));
    }
  }

  /** What arrives from the other node. */
  readonly #visitor: InboundObserver = {
    data: (chunk) => {
      if (this.#outbound?.write(chunk) === false) this.#inbound.pause();
    },
    trailers: (trailers) => {
      this.#requestTrailers = trailers;
    },
    end: () => this.#outbound?.end(this.#requestTrailers),
    drain: () => this.#outbound?.resume(),
    sent: () => {},
    cancelled: () => {
      this.#isOver = true;
      this.#outbound?.cancel();
    },
    abandoned: () => this.#outbound?.cancel(), // the agent still waits for the rest of the body
  };

  /** What arrives from the agent. */
  readonly #agent: OutboundObserver = {
    informational: (head: ResponseHead) => {
      if (head.status !== 100) this.#pass(() => this.#inbound.informational(head)); // 100 is this node's own word
    },
    response: (head: ResponseHead, endOfBody) => this.#pass(() => this.#inbound.respond(head, { endOfBody })),
    data: (chunk) => {
      if (!this.#inbound.write(chunk)) this.#outbound?.pause();
    },
    trailers: (trailers) => {
      this.#responseTrailers = trailers;
    },
    end: () => this.#inbound.end(this.#responseTrailers),
    drain: () => this.#inbound.resume(),
    // In the next tick, because only then a lost link can be distinguished from an app that broke off.
    failed: (error: PosternError) => process.nextTick(() => this.#end(resetCodeOf(this.#explained(error)))),
    closed: () => this.#inbound.discard(),
  };
}
