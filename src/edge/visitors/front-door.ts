/**
 * The front door: where every request and upgrade of a visitor arrives. One that the gate lets through takes the fast
 * lane to its tunnel and Express never sees it; everything else is Express's, or an agent's.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BaseAddress } from '../../core/hostname.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import { asPosternError, PosternError } from '../../errors.js';
import { LINK_PATH, writeRefusal } from '../../link/handshake.js';
import type { Admission } from '../agents/admission.js';
import type { Forwarder } from '../forward/forwarder.js';
import { checkUpgrade, responseOn, Upgrade } from '../forward/websocket.js';
import type { Gate, Verdict } from '../gate/gate.js';
import type { LongLivedRequest, Revalidator } from '../gate/revalidation.js';
import type { Observer } from '../ops/observer.js';
import { cutterOf, noteCut } from '../ops/outcome.js';
import { breakOff, type Replies } from '../replies/replies.js';
import { checkRequest, contextOf, isOwnPath, openContext, type RequestContext } from '../request/checks.js';
import { hasPendingResponse, paid, trackResponse, turnOf } from './http1/pipelining.js';
import { sessionEnded, Visit } from './http1/visit.js';

export interface FrontDoorOptions {
  readonly base: BaseAddress;
  readonly gate: Gate;
  readonly forwarder: Forwarder;
  readonly replies: Replies;
  readonly observer: Observer;
  readonly admission: Admission;
  readonly watch: Revalidator;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Whether the audit takes records, where nobody may be let in without one. */
  readonly isRecording: () => boolean;
  /** Takes what is not forwarded, together with what the gate said of it. */
  readonly others: (request: IncomingMessage, response: ServerResponse, verdict: Verdict | undefined) => void;
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  /** For the server's `request` event. */
  readonly request: RequestListener = (request, response) => {
    const visit = this.#enter(request, response);
    if (visit !== undefined) this.#arrive(visit);
  };

  /** For `checkContinue`: the body is asked for only once the gate has let the request in (RFC 9110 section 10.1.1). */
  readonly expectation: RequestListener = (request, response) => {
    // Node looks for the word anywhere in the value: `100-continue, more` asks for more than that.
    if (request.headers.expect?.toLowerCase() !== '100-continue') return this.foreignExpectation(request, response);
    const visit = this.#enter(request, response);
    if (visit !== undefined) this.#arrive(visit, () => response.writeContinue());
  };

  /** For `checkExpectation`: an expectation that nobody here can meet. */
  readonly foreignExpectation: RequestListener = (request, response) => {
    if (this.#enter(request, response) === undefined) return;
    this.refuse(request, response, new PosternError('ERR_EXPECTATION_FAILED'));
  };

  /** For `upgrade`. Never throws. */
  readonly upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const context = openContext(request, this.#options.base, this.#options.addressOf(request));
    socket.on('error', destroySocket);
    if (hasPendingResponse(socket)) return void socket.destroy();
    if (context.place.kind === 'base' && request.url === LINK_PATH) {
      if (this.#options.isRecording()) void this.#options.admission.answer(request, socket, head);
      else writeRefusal(socket, new PosternError('ERR_AUDIT_UNAVAILABLE'));
      return;
    }
    const response = this.#responseOn(request, socket);
    this.#upgrade(request, socket, head, context, response).catch((error) => {
      this.refuse(request, response, asPosternError(error));
    });
  };

  /** For `connect`: this is no forward proxy. */
  readonly connect = (request: IncomingMessage, socket: Socket): void => {
    openContext(request, this.#options.base, this.#options.addressOf(request));
    socket.on('error', destroySocket);
    if (hasPendingResponse(socket)) return void socket.destroy();
    this.refuse(request, this.#responseOn(request, socket), new PosternError('ERR_METHOD_REFUSED'));
  };

  /** Answers a request with an error, and tells the observer. */
  readonly refuse = (request: IncomingMessage, response: ServerResponse, error: PosternError): void => {
    this.#options.observer.failed(request, error);
    if (response.headersSent || response.destroyed) {
      noteCut(response, error);
      breakOff(response);
    } else this.#options.replies.error(request, response, error);
  };

  #check(request: IncomingMessage, context: RequestContext): void {
    if (!this.#options.isRecording()) throw new PosternError('ERR_AUDIT_UNAVAILABLE');
    checkRequest(request, context);
  }

  /** Gives nothing for a request that is dropped, with its connection. */
  #enter(request: IncomingMessage, response: ServerResponse): Visit | undefined {
    const { base, addressOf, observer } = this.#options;
    if (request.socket.destroyed) return undefined; // cut just now: the parser goes on to the end of what was read
    if (!trackResponse(request.socket, response)) {
      observer.overBudget('waiting requests', addressOf(request));
      request.socket.destroy();
      return undefined;
    }
    const visit = new Visit(request, response, openContext(request, base, addressOf(request)), this.#options);
    response.on('close', () => {
      paid(request.socket, response);
      this.#options.watch.forget(visit);
      this.#answered(request, response);
    });
    return visit;
  }

  #responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
    const response = responseOn(request, socket);
    socket.once('close', () => this.#answered(request, response));
    return response;
  }

  #answered(request: IncomingMessage, response: ServerResponse): void {
    const code = response.getHeader('Postern-Error');
    const isSent = response.headersSent || response.statusCode === 101;
    const isBroken = response.headersSent && !response.writableFinished;
    this.#options.observer.answered(request, isSent ? response.statusCode : 0, {
      code: typeof code === 'string' ? code : undefined,
      aborted: isBroken || undefined,
      cutBy: cutterOf(response),
    });
  }

  /** Nothing on this path is awaited when it need not be: a request whose session is known is forwarded in its turn. */
  #arrive(visit: Visit, letBodyIn?: () => void): void {
    const { request, response, context } = visit;
    try {
      this.#check(request, context);
      const turn = turnOf(response);
      const admitted =
        turn === undefined ? this.#admit(visit, letBodyIn) : turn.then(() => this.#admit(visit, letBodyIn));
      if (admitted instanceof Promise) admitted.catch((error) => this.refuse(request, response, asPosternError(error)));
    } catch (error) {
      this.refuse(request, response, asPosternError(error));
    }
  }

  #admit(visit: Visit, letBodyIn: (() => void) | undefined): MaybePromise<void> {
    const { request, response, context } = visit;
    if (context.place.kind === 'tunnel' && !isOwnPath(request.url as string)) {
      return chain(visit.judge(), (verdict) => this.#carryOut(visit, verdict, letBodyIn));
    }
    letBodyIn?.();
    this.#options.others(request, response, undefined);
  }

  #carryOut(visit: Visit, verdict: Verdict, letBodyIn: (() => void) | undefined): void {
    const { request, response } = visit;
    const { observer, others, watch, forwarder } = this.#options;
    observer.decided(request, verdict);
    if (response.destroyed) return;
    if (verdict.kind !== 'forward') {
      others(request, response, verdict);
      return;
    }
    letBodyIn?.();
    watch.add(visit);
    visit.forwarding = forwarder.forward(request, response, verdict);
  }

  async #upgrade(
    request: IncomingMessage,
    socket: Socket,
    early: Buffer,
    context: RequestContext,
    response: ServerResponse,
  ): Promise<void> {
    this.#check(request, context);
    const { place } = context;
    if (place.kind !== 'tunnel' || isOwnPath(request.url as string)) throw new PosternError('ERR_NOT_FOUND');
    const { gate, observer, forwarder, others } = this.#options;
    const judge = () => gate(place.name, context.host, request);
    const verdict = await judge();
    observer.decided(request, verdict);
    if (socket.destroyed) return;
    if (verdict.kind !== 'forward') return others(request, response, verdict);
    // Behind the gate: a stranger learns from the response only that there is a door.
    checkUpgrade(request);
    const upgrade = new Upgrade(request, socket, verdict, { forwarder, response, early, refuse: this.refuse });
    this.#watch(request, socket, judge, upgrade);
    await upgrade.forward();
  }

  #watch(request: IncomingMessage, socket: Socket, judge: LongLivedRequest['judge'], upgrade: Upgrade): void {
    const { watch, observer } = this.#options;
    const watched: LongLivedRequest = {
      outlet: socket,
      upload: upgrade,
      judge,
      end: () => {
        observer.failed(request, sessionEnded());
        upgrade.end();
      },
      cut: () => {
        observer.overBudget('unread bytes', contextOf(request).address);
        socket.destroy();
      },
      giveUp: () => socket.destroy(),
    };
    watch.add(watched);
    socket.once('close', () => watch.forget(watched));
  }
}

// No closure: it stays with the socket, and would keep the upgrade request as long as a link lives.
function destroySocket(this: Socket): void {
  this.destroy();
}
