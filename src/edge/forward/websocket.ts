/**
 * A WebSocket that the gate has admitted: an extended CONNECT (RFC 8441) over the link, then two byte streams spliced. The
 * frames themselves are never read: subprotocols, extensions, close codes and sizes are the app's.
 */
import type { MaybePromise } from '../../core/maybe-promise.js';
import { splice } from '../../core/splice.js';
import { asPosternError, type PosternError } from '../../errors.js';
import type {
  InboundObserver,
  OutboundObserver,
  OutboundStream,
  RequestHead,
  ResponseHead,
} from '../../http/exchange.js';
import { filterFields, type RawHeaders } from '../../http/fields.js';
import type { Closing } from '../../http/websocket.js';
import { wasNotProcessed } from '../../link/client-stream.js';
import type { Admitted, Verdict } from '../gate/gate.js';
import { type LongLivedRequest, sessionEnded } from '../gate/revalidation.js';
import { partyOf } from '../request/party.js';
import type { Outlet, Progress } from '../request/stalls.js';
import { cutterOf, type Visit } from '../request/visit.js';
import { Exchange, type ExchangeOptions } from './exchange.js';
import { readAgentError } from './response-head.js';
import { responseHeaders } from './response-headers.js';
import { closeBehind, SESSION_ENDED, TUNNEL_LOST } from './websocket-close.js';

/** One WebSocket, from the visitor's request to the close of both ends. */
export class WebSocketExchange implements LongLivedRequest {
  watchedAt: number | undefined;
  progress: Progress | undefined;
  uploadProgress: Progress | undefined;
  readonly #visit: Visit;
  #verdict: Admitted;
  readonly #options: ExchangeOptions;
  #isRepeated = false;
  #isLinkLost = false;
  #stream: OutboundStream | undefined;
  #closeBehind: ((closing: Closing) => void) | undefined;
  #refusal: Exchange | undefined;

  constructor(visit: Visit, verdict: Admitted, options: ExchangeOptions) {
    this.#visit = visit;
    this.#verdict = verdict;
    this.#options = options;
  }

  /** Opens the stream, unless the visitor has left meanwhile. */
  open(head: RequestHead): void {
    if (this.#visit.isClosed) return;
    this.#openStream(head);
    this.#options.revalidator.add(this); // only now: the end of an observed visit takes it out again
    this.#visit.observe(this.#visitor);
  }

  failed(error: PosternError): void {
    if (this.#mayRepeat(error)) {
      this.#repeat(error).catch((thrown) => this.#giveIn(asPosternError(thrown)));
    } else this.#giveIn(error);
  }

  #openStream(head: RequestHead): void {
    this.#visit.trace?.opened();
    const party = partyOf(this.#visit, this.#verdict.session);
    this.#stream = this.#verdict.link.open(webSocketHead(head), { endOfBody: false, party }, this.#agent);
  }

  /** As in `Exchange`. A client sends nothing before it is accepted. */
  #mayRepeat(error: PosternError): boolean {
    if (this.#isRepeated || this.#options.again === undefined) return false;
    return wasNotProcessed(error) && !this.#visit.isResponding && !this.#visit.isClosed;
  }

  async #repeat(error: PosternError): Promise<void> {
    this.#isRepeated = true;
    const repeated = await this.#options.again?.(this.#visit);
    if (this.#visit.isClosed || this.#visit.isResponding) return; // it was given up meanwhile
    if (repeated === undefined) throw error;
    this.#verdict = repeated.verdict;
    if (this.#stream === undefined) this.open(repeated.head);
    else this.#openStream(repeated.head);
  }

  #giveIn(error: PosternError): void {
    const visit = this.#visit;
    this.#isLinkLost = error.code === 'ERR_LINK_LOST';
    // In the next tick, because only then a lost link can be distinguished from an app that broke off.
    if (this.#closeBehind !== undefined) {
      visit.cutBy ??= cutterOf(error.code);
      process.nextTick(() => this.#hangUp());
    } else if (this.#refusal !== undefined) this.#refusal.failed(error);
    else if (visit.isResponding || visit.isClosed) visit.cancel();
    else this.#options.replyWithError(visit, error);
  }

  get stream(): 'websocket' | undefined {
    return this.#closeBehind === undefined ? undefined : 'websocket';
  }

  get admitted(): Admitted {
    return this.#verdict;
  }

  judge(): MaybePromise<Verdict> {
    return this.#options.gate(this.#visit);
  }

  get outlet(): Outlet {
    return this.#visit.outlet;
  }

  get upload(): Outlet | undefined {
    return this.#stream;
  }

  endSession(): void {
    const error = sessionEnded();
    this.#options.observer.emit({ kind: 'visit-failed', visit: this.#visit, error });
    this.#visit.cutBy ??= cutterOf(error.code);
    if (this.#closeBehind === undefined) this.#visit.cancel();
    else this.#closeBehind(SESSION_ENDED);
  }

  cut(): void {
    this.#options.observer.emit({ kind: 'over-budget', budget: 'unread bytes', address: this.#visit.address });
    this.#visit.cancel();
  }

  giveUp(): void {
    this.#visit.cancel();
  }

  /** What the agent sends, until the two ends are spliced. */
  readonly #agent: OutboundObserver = {
    informational: () => {}, // few clients of WebSockets expect anything before the 101
    response: (response, endOfBody) => {
      const isAccepted = response.status === 200 && !endOfBody && readAgentError(response) === undefined;
      if (isAccepted) this.#accept(response);
      else this.#relay(response, endOfBody);
    },
    trailers: (trailers) => this.#refusal?.trailers(trailers),
    data: (chunk) => this.#refusal?.data(chunk),
    end: () => this.#refusal?.end(),
    drain: () => {},
    failed: (error) => this.failed(error),
  };

  /** What the visitor does before that, and the end of it all. */
  readonly #visitor: InboundObserver = {
    data: () => {}, // the client sends nothing before it is accepted (RFC 6455 section 4.1), and then it is spliced
    trailers: () => {},
    end: () => {},
    drain: () => this.#stream?.resume(),
    sent: () => this.#options.revalidator.forget(this),
    cancelled: () => {
      this.#options.revalidator.forget(this);
      this.#stream?.cancel();
    },
  };

  #accept(response: ResponseHead): void {
    this.#visit.trace?.responded();
    const body = (this.#stream as OutboundStream).takeBody(); // it responds, so it was opened
    this.#visit.respond(acceptedHead(response, this.#visit, this.#verdict), { endOfBody: false });
    const socket = this.#visit.takeBody();
    splice(socket, body);
    const { traffic } = this.#options;
    socket.on('data', (chunk: Buffer) => traffic.received(chunk.length));
    body.on('data', (chunk: Buffer) => traffic.sent(chunk.length));
    this.#closeBehind = closeBehind(body, socket);
  }

  /** The app responded with something else than a WebSocket: its response is relayed as any other. */
  #relay(response: ResponseHead, endOfBody: boolean): void {
    const stream = this.#stream as OutboundStream; // it responds, so it was opened
    this.#refusal = new Exchange(this.#visit, this.#verdict, this.#options);
    this.#refusal.relay(stream);
    this.#refusal.response(response, endOfBody);
    stream.end();
  }

  #hangUp(): void {
    if (this.#isLinkLost || this.#verdict.link.draining.aborted) this.#closeBehind?.(TUNNEL_LOST);
    else this.#visit.cancel();
  }
}

// The key proves to the visitor that we have read the handshake; the agent makes one of its own for the target.
function webSocketHead(head: RequestHead): RequestHead {
  const headers = without(head.headers, ['sec-websocket-key']);
  return { ...head, method: 'CONNECT', protocol: 'websocket', headers };
}

// What only the edge can compute, and what means nothing here.
function acceptedHead({ headers }: ResponseHead, { version }: Visit, { tunnel, isPublic }: Admitted): ResponseHead {
  const options = { host: tunnel.host, isGated: !isPublic, cookie: undefined, version };
  const kept = responseHeaders({ status: 101, headers }, options);
  return { status: 200, headers: without(kept, ['sec-websocket-accept', 'cache-control']) };
}

function without(headers: RawHeaders, names: readonly string[]): string[] {
  return filterFields(headers, (name) => !names.includes(name.toLowerCase()));
}
