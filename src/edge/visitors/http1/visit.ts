/** One request of a visitor while it is under way: what the gate is asked of it, and how it is ended from here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MaybePromise } from '../../../core/maybe-promise.js';
import { PosternError } from '../../../errors.js';
import type { Forwarding } from '../../forward/exchange.js';
import type { Gate, Verdict } from '../../gate/gate.js';
import type { LongLivedRequest } from '../../gate/revalidation.js';
import type { Observer } from '../../ops/observer.js';
import { noteCut } from '../../ops/outcome.js';
import { breakOff } from '../../replies/replies.js';
import type { RequestContext } from '../../request/checks.js';
import type { Outlet, Progress } from '../../request/stalls.js';

export interface VisitOptions {
  readonly gate: Gate;
  readonly observer: Observer;
}

/** One request at the door, from its arrival to the close of its response. Long ones are judged again while they last. */
export class Visit implements LongLivedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: RequestContext;
  watchedAt: number | undefined;
  progress: Progress | undefined;
  uploadProgress: Progress | undefined;
  /** Once the gate has let it through. */
  forwarding: Forwarding | undefined;
  readonly #options: VisitOptions;

  constructor(request: IncomingMessage, response: ServerResponse, context: RequestContext, options: VisitOptions) {
    this.request = request;
    this.response = response;
    this.context = context;
    this.#options = options;
  }

  judge(): MaybePromise<Verdict> {
    const { place, host, cache } = this.context;
    if (place.kind !== 'tunnel') throw new PosternError('ERR_INTERNAL', 'no tunnel to judge');
    return this.#options.gate(place.name, host, this.request, cache);
  }

  get outlet(): Outlet {
    return this.request.socket;
  }

  get upload(): Outlet | undefined {
    return this.forwarding?.upload;
  }

  giveUp(): void {
    this.forwarding?.giveUp();
  }

  end(): void {
    const error = sessionEnded();
    this.#options.observer.failed(this.request, error);
    noteCut(this.response, error);
    breakOff(this.response);
  }

  cut(): void {
    this.#options.observer.overBudget('unread bytes', this.context.address);
    noteCut(this.response, { code: 'ERR_REQUEST_TIMEOUT' });
    breakOff(this.response);
  }
}

/** Why a request ends that the gate had let in. */
export function sessionEnded(): PosternError {
  return new PosternError('ERR_LOGIN_REQUIRED', 'the session ended while the stream was open');
}
