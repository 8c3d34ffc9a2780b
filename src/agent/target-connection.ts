/**
 * One connection to the target: one request at a time on a socket, written and read as HTTP/1.1. Bytes go from the socket
 * to the reader and on without a stream in between. Tells its pool when it may be used again and when it is gone.
 */
import type { Socket } from 'node:net';
import { PosternError } from '../errors.js';
import { type AnswerObserver, AnswerReader } from '../http1/answer-reader.js';
import { MalformedAnswer, MalformedRequest } from '../http1/errors.js';
import type { FieldList } from '../http1/fields.js';
import { writeChunkSize, writeLastChunk, writeRequestHead } from '../http1/request-writer.js';

/** One request as it is sent. */
export interface TargetCall {
  readonly method: string;
  readonly path: string;
  /** With `Host` and framing; taken as they are. */
  readonly headers: readonly string[];
  /** What follows the head until `end()`. */
  readonly body: 'none' | 'length' | 'chunked';
}

/** Hears of one request. Nothing is called after `failed`, nor after `destroy()`. */
export interface CallObserver extends AnswerObserver {
  /** The connection takes bytes of the body again. */
  drain(): void;
  /** No answer, or a part of one: the connection is gone. */
  failed(error: unknown): void;
}

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** The answer is whole and the request was sent whole: another one may follow. */
  idle(connection: TargetConnection): void;
  closed(connection: TargetConnection): void;
}

const EMPTY_LINE_END = '\r\n';

export class TargetConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader = new AnswerReader();
  #observer: CallObserver | undefined;
  #call: TargetCall | undefined;
  #requestsBegun = 0;
  #isSending = false;
  #error: unknown;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('drain', () => this.#observer?.drain());
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#closed());
  }

  /** The request that runs is not the first one: the target may have closed the connection under it. */
  get isReused(): boolean {
    return this.#requestsBegun > 1;
  }

  /** Sends the head. Throws `MalformedRequest` before anything has left. */
  begin(call: TargetCall, observer: CallObserver): void {
    const head = writeRequestHead(call.method, call.path, call.headers);
    this.#call = call;
    this.#observer = observer;
    this.#requestsBegun += 1;
    this.#isSending = call.body !== 'none';
    this.#reader.expect(call.method, observer);
    this.#socket.write(head, 'latin1');
  }

  /** Sends a piece of the body. False when to wait for `drain`. */
  write(piece: Buffer): boolean {
    if (!this.#isSending || piece.length === 0) return true;
    if (this.#call?.body !== 'chunked') return this.#socket.write(piece);
    this.#socket.cork();
    this.#socket.write(writeChunkSize(piece.length), 'latin1');
    this.#socket.write(piece);
    const isWelcome = this.#socket.write(EMPTY_LINE_END, 'latin1');
    this.#socket.uncork();
    return isWelcome;
  }

  /** Ends the body. Without chunks there is no place for trailers (RFC 9112 section 7.1.2). */
  end(trailers: FieldList): void {
    if (!this.#isSending) return;
    this.#isSending = false;
    if (this.#call?.body === 'chunked') this.#socket.write(writeLastChunk(trailers), 'latin1');
    this.#settle();
  }

  /** Holds the answer back; the target can send what the sockets take and no more. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#observer = undefined;
    this.#reader.abandon();
    this.#socket.destroy();
  }

  /** Takes what came from the socket; `bytes` may be used anew afterwards. */
  receive(bytes: Buffer): void {
    try {
      this.#reader.receive(bytes);
      if (this.#reader.isIdle) this.#settle();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }
}
