/** The HTTP/2 connections of visitors, and their requests as visits for the front door. */
import type { Duplex } from 'node:stream';
import type { BaseAddress } from '../../../core/hostname.js';
import { PosternError } from '../../../errors.js';
import type { Http2Stream } from '../../../http2/stream/stream.js';
import type { AddressReader } from '../../request/client-address.js';
import { destinationAt, NOWHERE } from '../../request/destination.js';
import type { FrontDoor } from '../front-door.js';
import { type Http2SocketInfo, Http2VisitorConnection } from './connection.js';
import { LIMITS } from './limits.js';
import { type Http2Head, readHead } from './request-head.js';
import { Http2Visit } from './visit.js';

export interface Http2Options {
  readonly base: BaseAddress;
  readonly door: FrontDoor;
  readonly addressOf: AddressReader;
}

export class Http2Connections {
  readonly limits = LIMITS;
  readonly #options: Http2Options;
  readonly #open = new Set<Http2VisitorConnection>();
  #isDraining = false;
  #emptied: (() => void) | undefined;

  constructor(options: Http2Options) {
    this.#options = options;
  }

  /** Serves a socket whose client speaks HTTP/2, which ALPN or its first bytes say. Takes over the socket. */
  accept(socket: Duplex, info: Http2SocketInfo): void {
    const connection = new Http2VisitorConnection(socket, info, this);
    this.#open.add(connection);
    if (this.#isDraining) connection.drain();
  }

  /** No new requests; running ones finish. Resolves once every connection has ended. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const connection of this.#open) connection.drain();
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve();
      else this.#emptied = resolve;
    });
  }

  /** Ends every connection now. */
  destroy(): void {
    for (const connection of [...this.#open]) connection.cut();
  }

  request(connection: Http2VisitorConnection, stream: Http2Stream, fields: string[], endOfBody: boolean): void {
    const { base, door, addressOf } = this.#options;
    const head = readHead(fields, connection.crumbs);
    const destination = head.authority === undefined ? NOWHERE : destinationAt(head.authority, base);
    const address = addressOf(connection.peer, head.headers);
    const { cache } = connection;
    const options = { head, endOfBody, destination, scheme: base.scheme, address, cache, owner: door };
    const visit = new Http2Visit(stream, options);
    const refusal = this.#refusalOf(head, connection);
    if (refusal === undefined) door.accept(visit);
    else door.replyWithError(visit, refusal);
  }

  ended(connection: Http2VisitorConnection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#emptied?.();
  }

  /** What HTTP/1.1 has no way to ask, or is refused by its parser. */
  #refusalOf({ scheme, protocol, hasTwoLengths }: Http2Head, { isSecure }: Http2VisitorConnection) {
    if (protocol !== undefined) return new PosternError('ERR_METHOD_UNKNOWN', 'an unknown :protocol');
    if (hasTwoLengths) return new PosternError('ERR_BAD_REQUEST', 'two content-length');
    // A reverse proxy that ended TLS may name the scheme of its visitor.
    const isReal = scheme === (isSecure ? 'https' : 'http') || (!isSecure && scheme === this.#options.base.scheme);
    return isReal ? undefined : new PosternError('ERR_BAD_REQUEST', 'a :scheme that is not the real one');
  }
}
