/**
 * A WebSocket as a stream of bytes. Binary messages are the bytes, whose boundaries mean nothing; a text message is a
 * protocol error of the peer and ends the link with close code 1003 (RFC 6455 section 7.4.1).
 */
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { LINK_WINDOW_BYTES } from './link.js';

// After it a peer that does not answer our close frame is cut off.
const CLOSE_TIMEOUT_MS = 1_000;

// Far below what the peer takes in one message (handshake.ts), large enough that a WebSocket header costs nothing.
const MESSAGE_BYTES = 262_144;

// `node:http2` reads nothing while a write of its own is under way. Two ends that both wait for the other to read would
// wait for ever, so all that HTTP/2's window lets the peer send is taken off the wire here; twice, for the frames' heads.
const READ_AHEAD_BYTES = 2 * LINK_WINDOW_BYTES;

/**
 * Takes over an open WebSocket. It never emits `end`: `node:http2` answers the end of a stream by shutting its own side
 * down, and then aborts the process over frames that it still had to write. A WebSocket ends both ways at once, so
 * `close` says it all.
 */
export class ByteStream extends Duplex {
  readonly #socket: WebSocket;

  /** `onBytes` is called for each message, as a sign of life. */
  constructor(socket: WebSocket, onBytes: () => void) {
    super({ readableHighWaterMark: READ_AHEAD_BYTES });
    this.#socket = socket;
    socket.on('message', (message, isBinary) => {
      if (!isBinary) {
        socket.close(1003);
        return;
      }
      onBytes();
      // One Buffer for each message: the `binaryType` that `ws` starts with.
      if (!this.push(message as Buffer)) socket.pause();
    });
    socket.on('close', () => this.destroy());
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(cutPieces(chunk), done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(joinMessages(chunks.map(({ chunk }) => chunk)), done);
  }

  /** The session has said its last: the peer's answer to the close frame destroys this stream. */
  override _final(done: (error?: Error | null) => void): void {
    this.#hangUp();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error === null && this.#socket.readyState === WebSocket.OPEN) this.#hangUp();
    else if (this.#socket.readyState !== WebSocket.CLOSING) this.#socket.terminate();
    done(error);
  }

  #hangUp(): void {
    this.#socket.close(1000);
    setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  #send(messages: readonly Buffer[], done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      done(new Error('the WebSocket is closing'));
      return;
    }
    const last = messages.length - 1;
    for (const [at, message] of messages.entries()) this.#socket.send(message, at === last ? done : undefined);
  }
}

/** Joins what a turn has written into few messages, none larger than the peer takes. */
function joinMessages(chunks: readonly Buffer[]): Buffer[] {
  const messages: Buffer[] = [];
  let joined: Buffer[] = [];
  let joinedBytes = 0;
  const finish = () => {
    if (joined.length > 0) messages.push(joined.length === 1 ? (joined[0] as Buffer) : Buffer.concat(joined));
    joined = [];
    joinedBytes = 0;
  };
  for (const piece of chunks.flatMap(cutPieces)) {
    if (joinedBytes + piece.length > MESSAGE_BYTES) finish();
    joined.push(piece);
    joinedBytes += piece.length;
  }
  finish();
  return messages;
}

function cutPieces(chunk: Buffer): Buffer[] {
  if (chunk.length <= MESSAGE_BYTES) return [chunk];
  const pieces: Buffer[] = [];
  for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) pieces.push(chunk.subarray(at, at + MESSAGE_BYTES));
  return pieces;
}
