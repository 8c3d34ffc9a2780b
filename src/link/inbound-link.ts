/**
 * The agent's role on a link: the HTTP/2 server. Gives each request to `onStream` as an `InboundStream`.
 */
import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { RawHeaders } from '../core/headers.js';
import { readFields, readRequestHead, writeFields, writeResponseHead } from './http2-headers.js';
import { Link, reset, SESSION_LIMITS, SETTINGS } from './link.js';
import type { InboundStream, RequestHead, ResponseHead, SendOptions } from './stream.js';

// Without it `node:http2` adds a Date that the target did not send. Read since its first release, absent from its types.
const NO_DATE: object = { sendDate: false };

export class InboundLink extends Link {
  /** The tunnel's public URL, as the edge gave it with the 101. */
  readonly url: string;

  /** Takes over the byte stream of a dialled WebSocket. */
  constructor(bytes: Duplex, url: string, onStream: (stream: InboundStream) => void) {
    const session = performServerHandshake(bytes, {
      ...SESSION_LIMITS,
      settings: { ...SETTINGS, enableConnectProtocol: true },
    });
    super(session, bytes);
    this.url = url;
    session.on('stream', (body, headers: IncomingHttpHeaders, flags: number, raw?: readonly string[]) => {
      body.on('error', () => {}); // told by `aborted` and `close`, which `onCancelled` listens to
      const head = readRequestHead(headers, raw ?? []);
      if (head === undefined) body.close(constants.NGHTTP2_PROTOCOL_ERROR);
      else onStream(new Http2InboundStream(body, head, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0));
    });
  }
}

class Http2InboundStream implements InboundStream {
  readonly head: RequestHead;
  readonly endOfBody: boolean;
  readonly body: ServerHttp2Stream;

  constructor(body: ServerHttp2Stream, head: RequestHead, endOfBody: boolean) {
    this.body = body;
    this.head = head;
    this.endOfBody = endOfBody;
  }

  informational(head: ResponseHead): void {
    if (this.body.headersSent || this.body.closed || head.status === 101) return;
    this.body.additionalHeaders(writeResponseHead(head, sensitiveHeaders));
  }

  respond(head: ResponseHead, options: SendOptions): void {
    if (this.body.headersSent || this.body.closed || this.body.destroyed) return;
    const { trailers } = options;
    this.body.respond(writeResponseHead(head, sensitiveHeaders), {
      endStream: options.endOfBody,
      waitForTrailers: trailers !== undefined,
      ...NO_DATE,
    });
    if (trailers === undefined) return;
    this.body.once('wantTrailers', () => {
      try {
        this.body.sendTrailers(writeFields(trailers(), sensitiveHeaders, 'ERR_TARGET_PROTOCOL'));
      } catch {
        this.cancel(); // trailers that cannot be carried: the visitor must see a broken answer
      }
    });
  }

  cancel(): void {
    reset(this.body);
  }

  onCancelled(listener: () => void): void {
    // `close` follows every end. `writableFinished` would not do: the edge may have the whole answer before Node says so.
    this.body.once('close', () => {
      if (this.body.rstCode !== constants.NGHTTP2_NO_ERROR || !this.body.writableEnded) listener();
    });
  }

  onTrailers(listener: (trailers: RawHeaders) => void): void {
    this.body.once('trailers', (_fields: IncomingHttpHeaders, _flags: number, raw?: readonly string[]) =>
      listener(readFields(raw ?? [])),
    );
  }
}
