/**
 * The front door: where every request and upgrade of a visitor arrives, whichever protocol brought it. One that the gate
 * admits takes the fast lane to its tunnel and Express never sees it; what is for the edge itself goes to its routes.
 */

import type { BaseAddress } from '../../core/hostname.js';
import { chain, type MaybePromise } from '../../core/maybe-promise.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Admission, AgentOffer } from '../agents/admission.js';
import type { Forwarder } from '../forward/forwarder.js';
import { Admitted, type Gate, type Verdict } from '../gate/gate.js';
import type { VisitEnd } from '../ops/events.js';
import type { Observer } from '../ops/observer.js';
import type { Tracer } from '../ops/tracer.js';
import { errorReply } from '../replies/error-reply.js';
import { checkRequest, isOwnPath } from '../request/checks.js';
import { cutterOf, type Visit } from '../request/visit.js';
import type { TunnelRefusal } from '../routes/tunnel-refusal.js';

export interface FrontDoorOptions {
  readonly base: BaseAddress;
  readonly gate: Gate;
  readonly forwarder: Forwarder;
  readonly observer: Observer;
  readonly admission: Admission;
  /** Whether audit records can be written: without them no request is admitted. */
  readonly isRecording: () => boolean;
  readonly refusal: TunnelRefusal;
  /** Undefined where no request is traced. */
  readonly tracer?: Tracer | undefined;
  /** Replies to requests for the base host and for the edge's own paths on a tunnel's host. */
  readonly routes: (visit: Visit) => void;
}

/** A visit whose client offers a WebSocket. */
export interface WebSocketVisit extends Visit {
  /** Throws for a handshake that is malformed, or of another version. */
  checkHandshake(): void;
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  /**
   * Takes a request. Nothing on this path is awaited when it need not be: a request whose session is known is forwarded in the
   * turn in which it arrived.
   */
  accept(visit: Visit): void {
    try {
      this.#check(visit);
      const { turn } = visit;
      const admitted = turn === undefined ? this.#admit(visit) : turn.then(() => this.#admit(visit));
      if (admitted instanceof Promise) admitted.catch((error) => this.replyWithError(visit, asPosternError(error)));
    } catch (error) {
      this.replyWithError(visit, asPosternError(error));
    }
  }

  /** Takes the request of a WebSocket. */
  acceptWebSocket(visit: WebSocketVisit): void {
    this.#admitWebSocket(visit).catch((error) => this.replyWithError(visit, asPosternError(error)));
  }

  /** Takes an agent's offer of a tunnel. */
  acceptOffer(offer: AgentOffer): void {
    if (this.#options.isRecording()) void this.#options.admission.handle(offer);
    else offer.refuse(new PosternError('ERR_AUDIT_UNAVAILABLE'));
  }

  /** Replies with an error, or breaks off a response that has begun, and tells the observer. */
  readonly replyWithError = (visit: Visit, error: PosternError): void => {
    this.#options.observer.emit({ kind: 'visit-failed', visit, error });
    if (visit.isResponding || visit.isClosed) {
      visit.cutBy ??= cutterOf(error.code);
      visit.cancel();
    } else visit.reply(errorReply(this.#options.base, visit, error));
  };

  /** A visit has ended. */
  ended(visit: Visit, end: VisitEnd): void {
    this.#options.observer.emit({ kind: 'visit-ended', visit, end });
  }

  #check(visit: Visit): void {
    if (!this.#options.isRecording()) throw new PosternError('ERR_AUDIT_UNAVAILABLE');
    checkRequest(visit);
    this.#options.tracer?.begin(visit);
  }

  #admit(visit: Visit): MaybePromise<void> {
    if (visit.place.kind === 'tunnel' && !isOwnPath(visit.path)) {
      return chain(this.#options.gate(visit), (verdict) => this.#execute(visit, verdict));
    }
    visit.sendContinue();
    this.#options.routes(visit);
  }

  #execute(visit: Visit, verdict: Verdict): MaybePromise<void> {
    this.#options.observer.emit({ kind: 'decided', visit, verdict });
    if (visit.isClosed) return;
    if (!Admitted.isOne(verdict)) return this.#refuse(visit, verdict);
    visit.sendContinue();
    this.#options.forwarder.forward(visit, verdict);
  }

  async #admitWebSocket(visit: WebSocketVisit): Promise<void> {
    this.#check(visit);
    if (visit.place.kind !== 'tunnel' || isOwnPath(visit.path)) throw new PosternError('ERR_NOT_FOUND');
    const verdict = await this.#options.gate(visit);
    this.#options.observer.emit({ kind: 'decided', visit, verdict });
    if (visit.isClosed) return;
    if (!Admitted.isOne(verdict)) return this.#refuse(visit, verdict);
    // Behind the gate: a stranger learns from the response only that there is a door.
    visit.checkHandshake();
    await this.#options.forwarder.forwardWebSocket(visit, verdict);
  }

  async #refuse(visit: Visit, verdict: Exclude<Verdict, Admitted>): Promise<void> {
    visit.reply(await this.#options.refusal(visit, verdict));
  }
}
