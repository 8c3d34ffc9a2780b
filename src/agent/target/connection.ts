/**
 * One connection to the target: a socket, and one request at a time on it in HTTP/1.1. Bytes go from the socket to the
 * reader of responses without a stream in between. Tells its pool when it is idle and when it is gone.
 */
import type { Socket } from 'node:net';
import type { FieldList } from '../../http1/fields.js';
import { writeChunkSize, writeLastChunk } from '../../http1/request-writer.js';
import { type ResponseObserver, ResponseParser } from '../../http1/response-parser.js';
import { WriteFailures } from './write-failures.js';

/** One request as it is sent. */
export interface WireRequest {
  readonly method: string;
  /** As it is written, with its framing. */
  readonly head: string;
  /** What follows the head: so many bytes, or chunks until `end()`. */
  readonly body: number | 'chunked';
  /** It signs the connection in (NTLM, Negotiate), which must then carry nobody else's requests. */
  readonly signsConnectionIn: boolean;
}

/** Hears of one request. Nothing is called after `failed`, nor after `destroy()`. */
export interface TargetObserver extends ResponseObserver {
  /** After `write` returned false: write on. */
  drain(): void;
  /** There is no response, or no more of it. The connection is gone. */
  failed(error: unknown): void;
}

/** What a connection tells its pool. */
export interface ConnectionOwner {
  opened(connection: TargetConnection): void;
  /** Another request may follow. */
  idle(connection: TargetConnection): void;
  closed(connection: TargetConnection): void;
}

export class TargetConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader = new ResponseParser();
  readonly #failures: WriteFailures;
  #observer: TargetObserver | undefined;
  #isSignedIn = false;
  #hasReceived = false;
  /** What has yet to be sent of the body that runs. */
  #unsent: number | 'chunked' = 0;
  #isPaused = false;
  readonly #listeners = [
    ['data', (bytes: Buffer) => this.receive(bytes)],
    ['drain', () => this.#observer?.drain()],
    ['end', () => this.#ended()],
    ['error', (error: Error) => this.fail(error)],
    ['close', () => this.fail(connectionReset())],
  ] as const;

  /** Takes over the socket, which stands. What it reads past its stream is to be given to `receive`. */
  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#failures = new WriteFailures(socket);
    this.#owner = owner;
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    owner.opened(this);
  }

  /** The last response told its end by itself, and not by its status alone. */
  get isEndCertain(): boolean {
    return this.#reader.isEndCertain;
  }

  /** The target has sent something since the request was begun. */
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

  /** Ends the body. Without chunks there is no place for trailers (RFC 9112 section 7.1.2). */
  end(trailers: FieldList): void {
    if (this.#observer === undefined || this.#unsent !== 'chunked') return;
    this.#unsent = 0;
    this.#socket.write(writeLastChunk(trailers), 'latin1');
  }

  /** Holds the response back: the target can send what the sockets take and no more. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
  }

  /** Takes what was read; `bytes` may be used anew afterwards. */
  receive(bytes: Buffer): void {
    // What comes while nothing was asked would be read as the answer to the next request.
    if (this.#observer === undefined) this.destroy();
    else this.#read(bytes);
  }

  /** Gives the socket of an upgraded connection away, paused, with what was read too far. */
  detach(rest: Buffer): Socket {
    this.#observer = undefined;
    this.#failures.release();
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
    this.#owner.closed(this);
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    return this.#socket;
  }

  /** Ends the connection and tells whoever awaits a response. */
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

  /** After a whole response. A target that did not wait for all of the request gets nothing more of it. */
  #settle(): void {
    if (this.#observer === undefined) return; // destroyed or detached meanwhile
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
      // A write that failed has taken the error that reading would have told: then this may be no regular end.
      if (error === undefined && this.#reader.finish()) this.#settle();
      else this.fail(error ?? connectionReset());
    } catch (thrown) {
      this.fail(thrown);
    }
  }
}

// The code of a reset: what the request becomes is the same.
function connectionReset(): Error {
  return Object.assign(new Error('the target closed the connection'), { code: 'ECONNRESET' });
}
