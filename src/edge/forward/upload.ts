/** The body of a visitor's request on its way to the agent, with back-pressure, and its trailers. */
import type { IncomingMessage } from 'node:http';
import type { OutboundStream } from '../../http/exchange.js';
import { filterTrailers } from '../../http/header-rules.js';
import { isChunked } from '../request/checks.js';

export class Upload {
  readonly #request: IncomingMessage;
  #isStopped = false;

  /** Begins to read the request. */
  constructor(request: IncomingMessage, stream: OutboundStream) {
    this.#request = request;
    request.on('data', (chunk: Buffer) => {
      if (!this.#isStopped && !stream.write(chunk)) request.pause();
    });
    request.on('end', () => {
      if (!this.#isStopped) stream.end(isChunked(request) ? filterTrailers(request.rawTrailers) : []);
    });
    // A visitor who breaks off in the middle of a body: its end never comes.
    request.on('error', () => stream.cancel());
  }

  /** The stream takes more. */
  resume(): void {
    this.#request.resume();
  }

  /** What still arrives is dropped, so that the connection can carry the next request. */
  stop(): void {
    this.#isStopped = true;
    this.#request.resume();
  }
}
