/**
 * The body of one request on its way to the target, with back-pressure and held to its declared length. Keeps a copy of a
 * small body while the request may have to be sent again on another connection.
 */

import type { InboundObserver, InboundStream } from '../../http/exchange.js';
import { filterFields, mapNames, type RawHeaders } from '../../http/fields.js';
import { usualCase } from '../../http/header-case.js';
import { filterTrailers, isFieldValue } from '../../http/header-rules.js';
import type { TargetConnection } from './connection.js';
import type { Exchange } from './exchange.js';

/** The request whose body this is. */
export interface UploadOwner {
  /** The visitor is gone. */
  discard(): void;
  /** The body does not have its declared length: the target must not see the rest. */
  refuseLength(): void;
}

const EMPTY = Buffer.alloc(0);
// The largest body that is kept until the target responds, to be sent again: 1,000 streams of a link hold 16 MiB.
const MAX_REPEATABLE_BYTES = 16_384;

/** The visitor's side of one request. */
export class Upload implements InboundObserver {
  readonly #stream: InboundStream;
  readonly #exchange: Exchange;
  readonly #owner: UploadOwner;
  readonly #lengthBytes: number | undefined;
  /** Undefined before there is one, and once the target has responded or failed: what arrives then is discarded. */
  #connection: TargetConnection | undefined;
  #keepsCopy = false;
  /** A copy of the body as far as it has arrived. */
  #copy: Buffer | undefined;
  #receivedBytes = 0;
  #trailers: RawHeaders = [];

  constructor(stream: InboundStream, exchange: Exchange, owner: UploadOwner, lengthBytes: number | undefined) {
    this.#stream = stream;
    this.#exchange = exchange;
    this.#owner = owner;
    this.#lengthBytes = lengthBytes;
  }

  /** The connection that the body is written to. */
  get connection(): TargetConnection | undefined {
    return this.#connection;
  }

  /** The body is small enough to be kept and sent again. */
  get isRepeatable(): boolean {
    if (this.#stream.endOfBody) return true;
    return this.#lengthBytes !== undefined && this.#lengthBytes <= MAX_REPEATABLE_BYTES;
  }

  /** Writes to `connection` what was kept and all that arrives. With `keepsCopy` it can be started again on another one. */
  start(connection: TargetConnection, { keepsCopy }: { readonly keepsCopy: boolean }): void {
    this.#connection = connection;
    this.#keepsCopy = keepsCopy;
    if (this.#receivedBytes > 0) connection.write(this.#takeCopy());
    this.resume();
  }

  /** Writes no more; returns the connection that it wrote to. */
  stop(): TargetConnection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    return connection;
  }

  /** The request will not be sent again. */
  dropCopy(): void {
    this.#copy = undefined;
  }

  /** Lets the visitor send on. */
  resume(): void {
    if (!this.#stream.endOfBody) this.#stream.resume();
  }

  data(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    this.#exchange.tap?.requestBytes(chunk);
    if (this.#connection === undefined) return;
    // The target would take the excess for a second request.
    if (this.#lengthBytes !== undefined && this.#receivedBytes > this.#lengthBytes) this.#owner.refuseLength();
    else this.#send(this.#connection, chunk);
  }

  trailers(trailers: RawHeaders): void {
    this.#trailers = trailers;
  }

  end(): void {
    if (this.#stream.endOfBody || this.#connection === undefined) return;
    if (this.#lengthBytes !== undefined && this.#receivedBytes !== this.#lengthBytes) this.#owner.refuseLength();
    else this.#connection.end(permittedTrailers(this.#trailers));
  }

  /** The visitor takes more of the response. */
  drain(): void {
    this.#connection?.resume();
  }

  sent(): void {
    this.#exchange.sent();
  }

  cancelled(): void {
    this.#exchange.discard();
    this.#owner.discard();
  }

  #send(connection: TargetConnection, chunk: Buffer): void {
    if (this.#keepsCopy) {
      this.#copy ??= Buffer.allocUnsafe(this.#lengthBytes ?? 0);
      chunk.copy(this.#copy, this.#receivedBytes - chunk.length);
    }
    if (!connection.write(chunk)) this.#stream.pause();
  }

  #takeCopy(): Buffer {
    const copy = this.#copy?.subarray(0, this.#receivedBytes) ?? EMPTY;
    this.#copy = undefined;
    return copy;
  }
}

function permittedTrailers(trailers: RawHeaders): string[] {
  const kept = filterFields(filterTrailers(trailers), (_name, value) => isFieldValue(value));
  return mapNames(kept, (name) => usualCase(name.toLowerCase()));
}
