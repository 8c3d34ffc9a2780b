/**
 * A WebSocket as a stream of bytes. Binary messages are the bytes, whose boundaries mean nothing; a text message is a
 * protocol error of the peer and ends the link with close code 1003 (RFC 6455 section 7.4.1).
 */
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';

// After it a peer that does not answer our close frame is cut off.
const CLOSE_TIMEOUT_MS = 1_000;

// What is read ahead of the session: one large message. The session itself is bounded by HTTP/2's windows.
const READ_AHEAD_BYTES = 65_536;

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
    this.#send(chunk, done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(
      chunks.length === 1 ? (chunks[0] as { chunk: Buffer }).chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)),
      done,
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error === null && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(1000);
      setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    } else if (this.#socket.readyState !== WebSocket.CLOSING) this.#socket.terminate();
    done(error);
  }

  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      done(new Error('the WebSocket is closing'));
      return;
    }
    this.#socket.send(bytes, done);
  }
}
