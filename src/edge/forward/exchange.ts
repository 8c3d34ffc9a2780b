/**
 * One exchange (a request and its response) between a visitor and an agent: each end is a stream of the exchange contract, and
 * what arrives at one is written to the other as it comes. A visitor who leaves ends the request at the target; a response that
 * breaks after its head has left breaks at the visitor too, and is never made to look whole.
 */
import type { MaybePromise } from '../../core/maybe-promise.js';
import { asPosternError, type ErrorCode, PosternError } from '../../errors.js';
import type { OutboundObserver, OutboundStream, RequestHead, ResponseHead } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';
import { filterTrailers } from '../../http/header-rules.js';
import { wasNotProcessed } from '../../link/client-stream.js';
import type { Admitted, Gate, Verdict } from '../gate/gate.js';
import { type LongLivedRequest, type Revalidator, sessionEnded } from '../gate/revalidation.js';
import type { Observer } from '../ops/observer.js';
import type { Traffic } from '../ops/traffic.js';
import { partyOf } from '../request/party.js';
import type { Outlet, Progress } from '../request/stalls.js';
import { cutterOf, type Visit } from '../request/visit.js';
import { InterimHeads, isEventStream, readAgentError, visitorHead } from './response-head.js';
import { Upload } from './upload.js';

/** What all exchanges of an edge work with. */
export interface ExchangeOptions {
  readonly gate: Gate;
  /** Where the tunnel is now: for a visit that has reached no agent. Undefined if the gate does not admit it any more. */
  readonly again?: (visit: Visit) => Promise<Repeated | undefined>;
  readonly observer: Observer;
  readonly revalidator: Revalidator;
  readonly traffic: Traffic;
  /** Replies to a visit whose response's head has not left; breaks any other off. */
  readonly replyWithError: (visit: Visit, error: PosternError) => void;
}

/** A visit that was judged again, and the head under that verdict: it says for whom, and by which rule. */
export interface Repeated {
  readonly verdict: Admitted;
  readonly head: RequestHead;
}

export class Exchange implements OutboundObserver, LongLivedRequest {
  watchedAt: number | undefined;
  progress: Progress | undefined;
  uploadProgress: Progress | undefined;
  stream: 'event stream' | undefined;
  readonly #visit: Visit;
  #verdict: Admitted;
  readonly #options: ExchangeOptions;
  #cookie: string | undefined;
  #upload: Upload | undefined;
  #isRepeated = false;
  #stream: OutboundStream | undefined;
  #interim: InterimHeads | undefined;
  #trailers: RawHeaders | undefined;

  constructor(visit: Visit, verdict: Admitted, options: ExchangeOptions) {
    this.#visit = visit;
    this.#verdict = verdict;
    this.#options = options;
  }

  /** Opens the stream, unless the visitor has left meanwhile. `cookie` is the edge's own `Set-Cookie` line. */
  open(head: RequestHead, cookie: string | undefined): void {
    if (this.#visit.isClosed) return;
    this.#cookie = cookie;
    const stream = this.#openStream(head);
    this.#options.revalidator.add(this);
    this.#upload = new Upload(this.#visit, stream, this);
    this.#visit.observe(this.#upload);
  }

  /** Relays the response of a stream that was opened for this visit, and that its owner ends. */
  relay(stream: OutboundStream): void {
    this.#stream = stream;
  }

  /** The visit has ended, whole or not. */
  ended(): void {
    const { revalidator, traffic } = this.#options;
    revalidator.forget(this);
    if (this.stream === undefined) traffic.whole.observeMs(performance.now() - this.#visit.arrivedAtMs);
  }

  get admitted(): Admitted {
    return this.#verdict;
  }

  /** Bytes of the request's body have arrived. */
  received(bytes: number): void {
    this.#options.traffic.received(bytes);
  }

  judge(): MaybePromise<Verdict> {
    return this.#options.gate(this.#visit);
  }

  get outlet(): Outlet {
    return this.#visit.outlet;
  }

  /** Where the request's body goes; undefined when it has none, or there is no stream. */
  get upload(): OutboundStream | undefined {
    return this.#visit.endOfBody ? undefined : this.#stream;
  }

  giveUp(): void {
    this.#fail(new PosternError('ERR_TARGET_TIMEOUT', 'the app does not take the request'));
  }

  endSession(): void {
    const error = sessionEnded();
    this.#options.observer.emit({ kind: 'visit-failed', visit: this.#visit, error });
    this.#cut(error.code);
  }

  cut(): void {
    this.#options.observer.emit({ kind: 'over-budget', budget: 'unread bytes', address: this.#visit.address });
    this.#cut('ERR_REQUEST_TIMEOUT');
  }

  informational(head: ResponseHead): void {
    this.#interim ??= new InterimHeads(this.#visit);
    this.#interim.send(head, this.#verdict.tunnel.host);
  }

  response(head: ResponseHead, endOfBody: boolean): void {
    if (this.#visit.isClosed) return;
    const error = readAgentError(head);
    if (error !== undefined) {
      this.#fail(error);
      return;
    }
    this.#options.traffic.firstByte.observeMs(performance.now() - this.#visit.arrivedAtMs);
    this.#visit.trace?.responded();
    if (!endOfBody && isEventStream(head)) this.stream = 'event stream';
    try {
      this.#visit.respond(visitorHead(head, this.#visit, this.#verdict, this.#cookie), { endOfBody });
    } catch (thrown) {
      this.#fail(asPosternError(thrown));
    }
  }

  data(chunk: Buffer): void {
    this.#options.traffic.sent(chunk.length);
    if (!this.#visit.write(chunk)) this.#stream?.pause();
  }

  trailers(trailers: RawHeaders): void {
    this.#trailers = filterTrailers(trailers);
  }

  end(): void {
    this.#visit.end(this.#trailers);
  }

  /** The agent takes more of the request's body. */
  drain(): void {
    this.#visit.resume();
  }

  failed(error: PosternError): void {
    if (this.#mayRepeat(error)) {
      this.#repeat(error).catch((thrown) => this.#giveIn(asPosternError(thrown)));
    } else this.#giveIn(error);
  }

  #openStream(head: RequestHead): OutboundStream {
    const { endOfBody } = this.#visit;
    const party = partyOf(this.#visit, this.#verdict.session);
    this.#visit.trace?.opened();
    const stream = this.#verdict.link.open(head, { endOfBody, party }, this);
    this.#stream = stream;
    return stream;
  }

  /** Whether no agent has seen anything of the request, and all of it is still here: then it may be tried once more. */
  #mayRepeat(error: PosternError): boolean {
    if (this.#isRepeated || this.#options.again === undefined || !wasNotProcessed(error)) return false;
    if (this.#visit.isResponding || this.#visit.isClosed) return false;
    return this.#visit.endOfBody || this.#upload === undefined || this.#upload.isMovable;
  }

  async #repeat(error: PosternError): Promise<void> {
    const visit = this.#visit;
    this.#isRepeated = true;
    if (this.#upload !== undefined && !visit.endOfBody) visit.pause(); // nothing reads it before
    const repeated = await this.#options.again?.(visit);
    if (visit.isClosed || visit.isResponding) return; // it was given up meanwhile
    if (repeated === undefined) throw error;
    this.#verdict = repeated.verdict;
    if (this.#upload === undefined) this.open(repeated.head, this.#cookie);
    else this.#upload.moveTo(this.#openStream(repeated.head));
  }

  /** The request has failed, and is not tried again. */
  #giveIn(error: PosternError): void {
    const visit = this.#visit;
    if (visit.isResponding || visit.isClosed) this.#cut(error.code);
    else this.#options.replyWithError(visit, error);
  }

  #cut(code: ErrorCode): void {
    this.#visit.cutBy ??= cutterOf(code);
    this.#visit.cancel();
  }

  // Ends the stream, which goes on at the agent, and tells the visitor.
  #fail(error: PosternError): void {
    this.#stream?.cancel();
    this.failed(error);
  }
}
