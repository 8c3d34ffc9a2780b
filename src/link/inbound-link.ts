/**
 * The agent's role on a link: the HTTP/2 server. Gives each request to `onStream` as an `InboundStream`.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { RawHeaders } from '../core/headers.js';
import { PosternError } from '../errors.js';
import { Code } from '../http2/errors.js';
import { MalformedFields } from '../http2/header-fields.js';
import type { Http2Stream } from '../http2/stream.js';
import { StreamBody } from '../http2/stream-body.js';
import { readRequestHead, writeResponseHead, writeTrailers } from './heads.js';
import { Link } from './link.js';
import type { InboundStream, RequestHead, ResponseHead, SendOptions } from './stream.js';

export class InboundLink extends Link {
  /** The tunnel's public URL, as the edge gave it with the 101. */
  readonly url: string;

  /** Takes over the WebSocket that was dialled. */
  constructor(socket: WebSocket, url: string, onStream: (stream: InboundStream) => void) {
    super(socket, {
      role: 'server',
      stream: (stream, fields, endStream) => {
        const head = readRequestHead(fields);
        if (head === undefined) stream.reset(Code.PROTOCOL_ERROR);
        else onStream(new LinkedStream(stream, head, endStream));
      },
    });
    this.url = url;
  }
}

class LinkedStream implements InboundStream {
  readonly head: RequestHead;
  readonly endOfBody: boolean;
  readonly body: Duplex;
  readonly #stream: Http2Stream;
  #writeTrailers: (() => RawHeaders) | undefined;
  readonly #cancelListeners: (() => void)[] = [];
  readonly #trailerListeners: ((trailers: RawHeaders) => void)[] = [];

  constructor(stream: Http2Stream, head: RequestHead, endOfBody: boolean) {
    this.#stream = stream;
    this.head = head;
    this.endOfBody = endOfBody;
    this.body = new StreamBody(stream, {
      trailers: (fields) => {
        for (const listener of this.#trailerListeners.splice(0)) listener(fields);
      },
      closed: (error) => {
        if (error === undefined || stream.endSent) return;
        for (const listener of this.#cancelListeners.splice(0)) listener();
      },
      writeTrailers: () => this.#trailers(),
    });
    this.body.on('error', () => {}); // told by `closed`
  }

  informational(head: ResponseHead): void {
    if (head.status !== 101) this.#checked(() => this.#stream.sendInformational(writeResponseHead(head)));
  }

  respond(head: ResponseHead, { endOfBody, trailers }: SendOptions): void {
    if (this.#stream.headersSent || this.body.destroyed) return;
    this.#writeTrailers = trailers;
    this.#checked(() => this.#stream.sendHeaders(writeResponseHead(head), { endStream: endOfBody }));
    if (endOfBody) this.body.end();
  }

  cancel(): void {
    this.body.destroy(new Error('the answer is broken off'));
  }

  onCancelled(listener: () => void): void {
    this.#cancelListeners.push(listener);
  }

  onTrailers(listener: (trailers: RawHeaders) => void): void {
    this.#trailerListeners.push(listener);
  }

  // Trailers of the target that cannot be carried throw in the body, which breaks the answer.
  #trailers(): string[] {
    return writeTrailers(this.#writeTrailers?.() ?? []);
  }

  #checked(send: () => void): void {
    try {
      send();
    } catch (error) {
      if (!(error instanceof MalformedFields)) throw error;
      throw new PosternError('ERR_TARGET_PROTOCOL', `the head cannot be carried: ${error.message}`, { cause: error });
    }
  }
}
