/**
 * The agent's end of a link: the HTTP/2 server. Gives each request to `onStream` as an `InboundStream`.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { InboundStream } from '../http/exchange.js';
import { Http2ErrorCode } from '../http2/errors.js';
import type { Accepted } from './handshake.js';
import { readRequestHead } from './heads.js';
import { Link } from './link.js';
import { ServerStream } from './server-stream.js';
import type { SeveralNodes } from './several-links.js';
import { WebSocketWire } from './websocket-wire.js';

export class InboundLink extends Link {
  /** The tunnel's public URL, from the 101. */
  readonly url: string;
  /** What the 101 says of several links; undefined where the edge uses one. */
  readonly nodes: SeveralNodes | undefined;
  readonly #socket: Socket;
  readonly #received: { requests: number };

  /** Takes over the WebSocket that was dialled; `socket` is the one below it. */
  constructor(
    webSocket: WebSocket,
    socket: Socket,
    { url, nodes }: Accepted,
    onStream: (stream: InboundStream) => void,
  ) {
    const received = { requests: 0 };
    super(new WebSocketWire(webSocket, socket, 'client'), {
      role: 'server',
      stream: (stream, fields, endStream) => {
        received.requests += 1;
        const head = readRequestHead(fields);
        if (head === undefined) stream.reset(Http2ErrorCode.PROTOCOL_ERROR);
        else onStream(new ServerStream(stream, head, endStream));
      },
    });
    this.url = url;
    this.nodes = nodes;
    this.#socket = socket;
    this.#received = received;
  }

  /** How many requests have arrived. */
  get requests(): number {
    return this.#received.requests;
  }

  /** How many bytes have passed, both ways. */
  get bytes(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten;
  }
}
