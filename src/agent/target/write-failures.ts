/**
 * Keeps a socket readable after a write on it has failed. Node destroys a socket at once when a write fails, and with it
 * what the kernel has received: the response of a target that rejects a body and closes the connection while it is sent, as
 * most servers do (RFC 9112 sections 9.5 and 9.6).
 */
import type { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

// The other end has closed or reset the connection: reading ends by itself and reports it.
const CLOSED_BY_PEER: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET']);

export class WriteFailures {
  readonly #socket: Duplex;
  #error: Error | undefined;
  // A stream makes one write at a time.
  #done: Done = () => {};

  /** Wraps the socket's `_write` and `_writev`, which streams document, until `release`. */
  constructor(socket: Duplex) {
    const write = socket._write;
    const writev = socket._writev;
    this.#socket = socket;
    socket._write = (chunk, encoding, done) => {
      if (this.#accepts(done)) write.call(socket, chunk, encoding, this.#written);
    };
    socket._writev = (chunks, done) => {
      if (this.#accepts(done)) writev?.call(socket, chunks, this.#written); // every `net.Socket` has it, and so has a `PairedStream`
    };
  }

  /** The error of the first failed write. Everything written after it was dropped. */
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
