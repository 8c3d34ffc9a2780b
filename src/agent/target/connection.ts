/**
 * One connection to the target: a socket, and one request at a time on it in HTTP/1.1. Bytes go from the socket to the
 * response parser without a stream in between. Reports to its pool when it is idle and when it has closed.
 */
import type { Duplex } from 'node:stream';
import type { FieldList } from '../../http1/fields.js';
import { writeChunkSize, writeLastChunk } from '../../http1/request-writer.js';
import { type ResponseObserver, ResponseParser } from '../../http1/response-parser.js';
import { WriteFailures } from './write-failures.js';

/** One request as it is written to the connection. */
export interface WireRequest {
  readonly method: string;
  /** As it is written, with its framing. */
  readonly head: string;
  /** What follows the head: a number of bytes, or chunks until `end()`. */
  readonly body: number | 'chunked';
  /** It authenticates the connection (NTLM, Negotiate), which must then carry no other visitor's requests. */
  readonly signsConnectionIn: boolean;
}

/** Observes one request. Nothing is called after `failed`, nor after `destroy()`. */
export interface TargetObserver extends ResponseObserver {
  /** After `write` returned false: write on. */
  drain(): void;
  /** There is no response, or no more of it. The connection is gone. */
  failed(error: unknown): void;
}

/** What a connection reports to its pool. */
export interface ConnectionOwner {
  opened(connection: TargetConnection): void;
  /** It can take another request. */
  idle(connection: TargetConnection): void;
  closed(connection: TargetConnection): void;
}

export class TargetConnection {
  readonly #socket: Duplex;
  readonly #owner: ConnectionOwner;
  readonly #reader = new ResponseParser();
  readonly #failures: WriteFailures;
  #observer: TargetObserver | undefined;
  #isSignedIn = false;
  #hasReceived = false;
  /** What remains to be sent of the current body. */
  #unsent: number | 'chunked' = 0;
  #isPaused = false;
  readonly #listeners = [
    ['data', (bytes: Buffer) => this.receive(bytes)],
    ['drain', () => this.#observer?.drain()],
    ['end', () => this.#ended()],
    ['error', (error: Error) => this.fail(error)],
    ['close', () => this.fail(connectionReset())],
  ] as const;

  /** Takes over the connected socket. Bytes that are read past its stream go to `receive`. */
  constructor(socket: Duplex, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#failures = new WriteFailures(socket);
    this.#owner = owner;
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    owner.opened(this);
  }

  /** The last response ended by its framing, not by its status alone. */
  get isEndCertain(): boolean {
    return this.#reader.isEndCertain;
  }

  /** The target has sent something since the request was sent. */
  get hasReceived(): boolean {
    return this.#hasReceived;
  }

  /** Sends the head. Only when idle. */
  send(wireRequest: WireRequest, observer: TargetObserver): void {
    this.#observer = observer;
    this.#hasReceived = false;
    this.#isSignedIn ||= wireRequest.signsConnectionIn;
    this.#unsent = wireRequest.body;
    this.#reader.expect(wireRequest.method, observer);
    this.#socket.write(wireRequest.head, 'latin1');
  }

  /** Sends the next bytes of the body. False when to wait for `drain`. */
  write(chunk: Buffer): boolean {
    if (this.#observer === undefined || chunk.length === 0) return true;
    if (this.#unsent !== 'chunked') {
      this.#unsent -= chunk.length;
      return this.#socket.write(chunk);
    }
    this.#socket.cork();
    this.#socket.write(writeChunkSize(chunk.length), 'latin1');
    this.#socket.write(chunk);
    const isWelcome = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return isWelcome;
  }

  /** Ends the body. Only a chunked one can have trailers (RFC 9112 section 7.1.2). */
  end(trailers: FieldList): void {
    if (this.#observer === undefined || this.#unsent !== 'chunked') return;
    this.#unsent = 0;
    this.#socket.write(writeLastChunk(trailers), 'latin1');
  }

  /** Holds the response back: the target can send no more than the socket buffers take. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
  }

  /** Parses what was read; `bytes` may be reused afterwards. */
  receive(bytes: Buffer): void {
    // Bytes that arrive without a request would be taken for the response to the next one.
    if (this.#observer === undefined) this.destroy();
    else this.#read(bytes);
  }

  /** Hands over the socket of an upgraded connection, paused; `rest` is put back into it. */
  detach(rest: Buffer): Duplex {
    this.#observer = undefined;
    this.#failures.release();
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
    this.#owner.closed(this);
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    return this.#socket;
  }

  /** Ends the connection and fails the request that awaits a response. */
  fail(error: unknown): void {
    const observer = this.#observer;
    this.destroy();
    observer?.failed(error);
  }

  /** Ends the connection. */
  destroy(): void {
    this.#observer = undefined;
    this.#reader.discard();
    this.#socket.destroy();
    this.#owner.closed(this);
  }

  #read(bytes: Buffer): void {
    this.#hasReceived = true;
    try {
      this.#reader.receive(bytes);
      if (this.#reader.isIdle) this.#settle();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** After a complete response. A target that did not read all of the request gets no more of it. */
  #settle(): void {
    if (this.#observer === undefined) return; // destroyed or detached by the observer
    this.#observer = undefined;
    this.resume();
    if (this.#unsent === 0 && this.#isReusable) this.#owner.idle(this);
    else this.destroy();
  }

  get #isReusable(): boolean {
    return this.#reader.isReusable && !this.#isSignedIn && this.#failures.error === undefined;
  }

  #ended(): void {
    const { error } = this.#failures;
    try {
      // A failed write has consumed the error that reading would have reported: then this may not be a regular end.
      if (error === undefined && this.#reader.finish()) this.#settle();
      else this.fail(error ?? connectionReset());
    } catch (thrown) {
      this.fail(thrown);
    }
  }
}

// With the code of a reset, since the request is treated alike.
function connectionReset(): Error {
  return Object.assign(new Error('the target closed the connection'), { code: 'ECONNRESET' });
}
