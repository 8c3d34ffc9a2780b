/**
 * Keeps a socket readable after a write on it has failed. Node destroys a socket at once when a write fails, and with it
 * what the kernel has received: the response of a target that refuses a body and closes the connection under it, as most
 * servers do (RFC 9112 sections 9.5 and 9.6).
 */
import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

// The other end has closed or reset the connection: reading comes to its end, and tells so, by itself.
const CLOSED_BY_PEER: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET']);

export class WriteFailures {
  readonly #socket: Socket;
  #error: Error | undefined;
  // A stream writes one thing at a time.
  #done: Done = () => {};

  /** Stands between the socket's buffer and the kernel until `release`: of `_write` and `_writev`, which streams document. */
  constructor(socket: Socket) {
    const write = socket._write;
    const writev = socket._writev;
    this.#socket = socket;
    socket._write = (chunk, encoding, done) => {
      if (this.#accepts(done)) write.call(socket, chunk, encoding, this.#written);
    };
    socket._writev = (chunks, done) => {
      if (this.#accepts(done)) writev?.call(socket, chunks, this.#written); // every `net.Socket` has it
    };
  }

  /** What the first write that failed has failed with. Whatever was written after it was dropped. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Failures destroy the socket again. */
  release(): void {
    Reflect.deleteProperty(this.#socket, '_write');
    Reflect.deleteProperty(this.#socket, '_writev');
  }

  #accepts(done: Done): boolean {
    this.#done = done;
    if (this.#error === undefined) return true;
    done();
    return false;
  }

  readonly #written = (error?: Error | null): void => {
    const isByPeer = CLOSED_BY_PEER.has((error as NodeJS.ErrnoException | null | undefined)?.code);
    if (isByPeer) this.#error = error as Error;
    this.#done(isByPeer ? null : error);
  };
}
