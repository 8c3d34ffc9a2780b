/**
 * A target in this process: an HTTP server, or the function that responds to its requests. Its connections are pairs of
 * streams, so it needs no port, and no other program can reach it but through the gate.
 */
import { createServer, type RequestListener, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { PosternError } from '../../errors.js';
import { PairedStream } from './stream-pair.js';

/** A server of `node:http`, listening or not, or a function of request and response such as an Express app. */
export type ServerTarget = Server | RequestListener;

export class ProcessServer {
  readonly #server: Server;
  #isClosed = false;
  readonly #closed = () => {
    this.#isClosed = true;
  };
  readonly #listening = () => {
    this.#isClosed = false;
  };

  constructor(target: ServerTarget) {
    this.#server = typeof target === 'function' ? createServer(target) : target;
    this.#server.on('close', this.#closed).on('listening', this.#listening);
  }

  /** A new connection to the server. Throws `ERR_TARGET_REFUSED` once it was closed. */
  connect(): Duplex {
    if (this.#isClosed) throw new PosternError('ERR_TARGET_REFUSED', 'the server of this program was closed');
    const [ours, theirs] = PairedStream.create();
    this.#server.emit('connection', theirs);
    return ours;
  }

  /** The server is the program's own, and goes on: leaves nothing at it. */
  release(): void {
    this.#server.off('close', this.#closed).off('listening', this.#listening);
  }
}

/** Whether a target is one of this process, not an address. */
export function isServerTarget(target: unknown): target is ServerTarget {
  return typeof target === 'function' || target instanceof Server;
}
