/**
 * The agent's end of a link: the HTTP/2 server. Gives each request to `onStream` as an `InboundStream`.
 */
import type { WebSocket } from 'ws';
import type { InboundStream } from '../http/exchange.js';
import { Http2ErrorCode } from '../http2/errors.js';
import { readRequestHead } from './heads.js';
import { Link } from './link.js';
import { ServerStream } from './server-stream.js';
import { WebSocketWire } from './websocket-wire.js';

export class InboundLink extends Link {
  /** The tunnel's public URL, from the 101. */
  readonly url: string;

  /** Takes over the WebSocket that was dialled. */
  constructor(socket: WebSocket, url: string, onStream: (stream: InboundStream) => void) {
    super(new WebSocketWire(socket), {
      role: 'server',
      stream: (stream, fields, endStream) => {
        const head = readRequestHead(fields);
        if (head === undefined) stream.reset(Http2ErrorCode.PROTOCOL_ERROR);
        else onStream(new ServerStream(stream, head, endStream));
      },
    });
    this.url = url;
  }
}
