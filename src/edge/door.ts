/**
 * The front door: where every request and upgrade of a visitor arrives. One that the gate lets through takes the fast
 * lane to its tunnel and Express never sees it; everything else is Express's, or an agent's.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BaseAddress } from '../core/hostname.js';
import { asPosternError, PosternError } from '../errors.js';
import { LINK_PATH } from '../link/handshake.js';
import type { Admission } from './admit.js';
import { type Answers, breakOff } from './answers.js';
import type { Forward, Forwarder } from './forward.js';
import type { Gate, Verdict } from './gate.js';
import type { Observer } from './observer.js';
import { checkRequest, contextOf, isOwnPath, openContext, type RequestContext } from './request.js';
import { oweAnswer, owesAnswer, turnOf } from './turns.js';
import { answerOn, checkUpgrade, Upgrade } from './upgrade.js';
import type { Watch } from './watch.js';

export interface DoorOptions {
  readonly base: BaseAddress;
  readonly gate: Gate;
  readonly forwarder: Forwarder;
  readonly answers: Answers;
  readonly observer: Observer;
  readonly admission: Admission;
  readonly watch: Watch;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Takes what is not forwarded, together with what the gate said of it. */
  readonly others: (request: IncomingMessage, response: ServerResponse, verdict: Verdict | undefined) => void;
}

export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** For the server's `request` event. */
  readonly request: RequestListener = (request, response) => {
    const context = this.#enter(request, response);
    this.#admit(request, response, context).catch((error) => this.refuse(request, response, asPosternError(error)));
  };

  /** For `checkContinue`: the body is asked for only once the gate has let the request in (RFC 9110 section 10.1.1). */
  readonly expectation: RequestListener = (request, response) => {
    // Node looks for the word anywhere in the value: `100-continue, more` asks for more than that.
    if (request.headers.expect?.toLowerCase() !== '100-continue') return this.foreignExpectation(request, response);
    const context = this.#enter(request, response);
    this.#admit(request, response, context, () => response.writeContinue()).catch((error) =>
      this.refuse(request, response, asPosternError(error)),
    );
  };

  /** For `checkExpectation`: an expectation that nobody here can meet. */
  readonly foreignExpectation: RequestListener = (request, response) => {
    this.#enter(request, response);
    this.refuse(request, response, new PosternError('ERR_EXPECTATION_FAILED'));
  };

  /** For `upgrade`. Never throws. */
  readonly upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const context = openContext(request, this.#options.base, this.#options.addressOf(request));
    socket.on('error', () => socket.destroy());
    if (owesAnswer(socket)) return void socket.destroy();
    if (context.place.kind === 'base' && request.url === LINK_PATH) {
      void this.#options.admission.answer(request, socket, head);
      return;
    }
    const response = this.#answerOn(request, socket);
    this.#upgrade(request, socket, head, context, response).catch((error) => {
      this.refuse(request, response, asPosternError(error));
    });
  };

  /** For `connect`: this is no forward proxy. */
  readonly connect = (request: IncomingMessage, socket: Socket): void => {
    openContext(request, this.#options.base, this.#options.addressOf(request));
    socket.on('error', () => socket.destroy());
    if (owesAnswer(socket)) return void socket.destroy();
    this.refuse(request, this.#answerOn(request, socket), new PosternError('ERR_METHOD_REFUSED'));
  };

  /** Answers a request with an error, and tells the observer. */
  readonly refuse = (request: IncomingMessage, response: ServerResponse, error: PosternError): void => {
    this.#options.observer.failed(request, error);
    if (response.headersSent || response.destroyed) breakOff(response);
    else this.#options.answers.error(request, response, error);
  };

  #enter(request: IncomingMessage, response: ServerResponse): RequestContext {
    const { base, addressOf } = this.#options;
    oweAnswer(request.socket, response);
    response.once('close', () => this.#answered(request, response));
    return openContext(request, base, addressOf(request));
  }

  #answerOn(request: IncomingMessage, socket: Socket): ServerResponse {
    const response = answerOn(request, socket);
    socket.once('close', () => this.#answered(request, response));
    return response;
  }

  #answered(request: IncomingMessage, response: ServerResponse): void {
    const code = response.getHeader('Postern-Error');
    const isSent = response.headersSent || response.statusCode === 101;
    this.#options.observer.answered(
      request,
      isSent ? response.statusCode : 0,
      typeof code === 'string' ? code : undefined,
    );
  }

  async #admit(
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestContext,
    letBodyIn: () => void = () => {},
  ): Promise<void> {
    checkRequest(request, context);
    await turnOf(response);
    const { place } = context;
    if (place.kind !== 'tunnel' || isOwnPath(request.url as string)) {
      letBodyIn();
      return this.#options.others(request, response, undefined);
    }
    const verdict = await this.#judge(request, context);
    if (response.destroyed) return;
    if (verdict.kind !== 'forward') return this.#options.others(request, response, verdict);
    letBodyIn();
    this.#watch(request, verdict, response, () => breakOff(response));
    await this.#options.forwarder.forward(request, response, verdict);
  }

  async #upgrade(
    request: IncomingMessage,
    socket: Socket,
    early: Buffer,
    context: RequestContext,
    response: ServerResponse,
  ): Promise<void> {
    checkRequest(request, context);
    const { place } = context;
    if (place.kind !== 'tunnel' || isOwnPath(request.url as string)) throw new PosternError('ERR_NOT_FOUND');
    const verdict = await this.#judge(request, context);
    if (socket.destroyed) return;
    if (verdict.kind !== 'forward') return this.#options.others(request, response, verdict);
    // Behind the gate: a stranger learns from the answer only that there is a door.
    checkUpgrade(request, verdict.tunnel);
    const { forwarder } = this.#options;
    const upgrade = new Upgrade(request, socket, verdict, { forwarder, response, early, refuse: this.refuse });
    this.#watch(request, verdict, socket, () => upgrade.end());
    await upgrade.forward();
  }

  async #judge(request: IncomingMessage, { place, host }: RequestContext): Promise<Verdict> {
    if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'no tunnel to judge');
    const verdict = await this.#options.gate(place.name, host, request.headers.cookie);
    this.#options.observer.decided(request, verdict);
    return verdict;
  }

  #watch(request: IncomingMessage, verdict: Forward, stream: ServerResponse | Socket, end: () => void): void {
    const { gate, watch, observer } = this.#options;
    const { host } = contextOf(request);
    const judge = () => gate(verdict.tunnel.name, host, request.headers.cookie);
    const forget = watch.add({
      judge,
      end: () => {
        observer.failed(request, new PosternError('ERR_LOGIN_REQUIRED', 'the session ended while the stream was open'));
        end();
      },
    });
    stream.once('close', forget);
  }
}
