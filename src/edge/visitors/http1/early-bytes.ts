/**
 * Reads the socket of a visitor whose WebSocket the app has not accepted yet: unread, it would not show that the visitor
 * has left, and the request would stay at the target for good. What a client sends too early is kept, up to a bound.
 */
import type { Socket } from 'node:net';

// A client must wait for the 101 (RFC 6455 section 4.1); one that is ahead of it sends a few frames.
export const MAX_EARLY_BYTES = 65_536;

export class EarlyBytes {
  readonly #socket: Socket;
  readonly #chunks: Buffer[];
  #bytes = 0;

  /** `head` is what came with the request. */
  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#chunks = head.length > 0 ? [head] : [];
  }

  /** Begins to read. A visitor who ends the connection meanwhile has left: it is destroyed. */
  read(): void {
    this.#socket.on('data', this.#keep).on('end', this.#left);
  }

  /** Gives the socket back with all that was read of it. */
  giveBack(): void {
    this.#socket.off('data', this.#keep).off('end', this.#left).pause();
    if (this.#chunks.length > 0) this.#socket.unshift(Buffer.concat(this.#chunks));
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_EARLY_BYTES) this.#socket.pause();
  };

  readonly #left = (): void => {
    this.#socket.destroy();
  };
}
