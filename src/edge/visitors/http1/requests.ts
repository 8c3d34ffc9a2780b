/** The events of `node:http`'s server, as visits and offers for the front door. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BaseAddress } from '../../../core/hostname.js';
import { PosternError } from '../../../errors.js';
import { LINK_PATH } from '../../../link/handshake.js';
import type { Observer } from '../../ops/observer.js';
import { type AddressReader, peerAddress } from '../../request/client-address.js';
import { destinationOf } from '../../request/destination.js';
import type { FrontDoor } from '../front-door.js';
import { Http1Offer } from './offer.js';
import { hasPendingResponse, trackResponse } from './pipelining.js';
import { offersWebSocket, serveWithoutOffer } from './upgrade-offer.js';
import { UpgradeVisit } from './upgrade-visit.js';
import { Http1Visit } from './visit.js';

export interface RequestsOptions {
  readonly base: BaseAddress;
  readonly door: FrontDoor;
  readonly observer: Observer;
  readonly addressOf: AddressReader;
}

/** Gives the requests of a server to the front door. */
export class Http1Requests {
  readonly #options: RequestsOptions;
  #isLeaving = false;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** From now on each response is the last of its connection: visitors come back on another one. */
  leave(): void {
    this.#isLeaving = true;
  }

  listenTo(server: Server): void {
    server.on('request', this.#request);
    server.on('checkContinue', this.#expectation);
    server.on('checkExpectation', this.#foreignExpectation);
    server.on('connect', (request, socket) => this.#connect(request, socket as Socket)); // of `node:net`, as all of `node:http`
    server.on('upgrade', (request, socket, behind) => {
      if (offersWebSocket(request)) this.#upgrade(request, socket as Socket, behind);
      else serveWithoutOffer(server, request, socket as Socket, behind);
    });
  }

  readonly #request: RequestListener = (request, response) => {
    const visit = this.#enter(request, response);
    if (visit !== undefined) this.#options.door.accept(visit);
  };

  /** The body is asked for only once the gate has let the request in (RFC 9110 section 10.1.1). */
  readonly #expectation: RequestListener = (request, response) => {
    // Node looks for the word anywhere in the value: `100-continue, more` asks for more than that.
    if (request.headers.expect?.toLowerCase() !== '100-continue') this.#foreignExpectation(request, response);
    else this.#request(request, response);
  };

  /** For an expectation that the edge does not support (RFC 9110 section 10.1.1). */
  readonly #foreignExpectation: RequestListener = (request, response) => {
    const visit = this.#enter(request, response);
    if (visit !== undefined) this.#options.door.replyWithError(visit, new PosternError('ERR_EXPECTATION_FAILED'));
  };

  /** Undefined for a request that is dropped together with its connection. */
  #enter(request: IncomingMessage, response: ServerResponse): Http1Visit | undefined {
    const { base, door, observer } = this.#options;
    if (request.socket.destroyed) return undefined; // cut just now: the parser goes on to the end of what was read
    const address = this.#addressOf(request);
    if (!trackResponse(request.socket, response)) {
      observer.emit({ kind: 'over-budget', budget: 'waiting requests', address });
      request.socket.destroy();
      return undefined;
    }
    const visit = new Http1Visit(request, response, { base, address, owner: door });
    visit.track();
    if (this.#isLeaving) response.shouldKeepAlive = false;
    return this.#isOfThisVersion(visit) ? visit : undefined;
  }

  // Node's parser lets HTTP/0.9, a bare `GET /` and HTTP/2.0 through: lines that another reader answers in its own way.
  #isOfThisVersion(visit: Http1Visit): boolean {
    if (visit.request.httpVersionMajor === 1) return true;
    this.#options.door.replyWithError(visit, new PosternError('ERR_BAD_REQUEST', 'not HTTP/1'));
    return false;
  }

  #upgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const { base, door } = this.#options;
    socket.on('error', destroySocket);
    if (hasPendingResponse(socket)) return void socket.destroy();
    const address = this.#addressOf(request);
    if (request.url === LINK_PATH && isBaseHost(request, base)) {
      door.acceptOffer(new Http1Offer(request, socket, early, address));
      return;
    }
    const visit = new UpgradeVisit(request, socket, { base, address, owner: door, early });
    if (this.#isOfThisVersion(visit)) door.acceptWebSocket(visit);
  }

  /** The edge is no forward proxy. */
  #connect(request: IncomingMessage, socket: Socket): void {
    const { base, door } = this.#options;
    socket.on('error', destroySocket);
    if (hasPendingResponse(socket)) return void socket.destroy();
    const options = { base, address: this.#addressOf(request), owner: door, early: NOTHING };
    door.replyWithError(new UpgradeVisit(request, socket, options), new PosternError('ERR_METHOD_REFUSED'));
  }

  #addressOf({ socket, rawHeaders }: IncomingMessage): string {
    return this.#options.addressOf(peerAddress(socket), rawHeaders);
  }
}

const NOTHING = Buffer.alloc(0);

function isBaseHost({ rawHeaders }: IncomingMessage, base: BaseAddress): boolean {
  return destinationOf(rawHeaders, base).place.kind === 'base';
}

// No closure: it stays with the socket, and would keep the upgrade request as long as a link lives.
function destroySocket(this: Socket): void {
  this.destroy();
}
