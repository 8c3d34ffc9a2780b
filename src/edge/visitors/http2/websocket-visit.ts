/**
 * A WebSocket of a visitor over HTTP/2: an extended CONNECT (RFC 8441). It is judged as the upgrade request for which it
 * stands: a GET with `Upgrade: websocket`, which no other request over HTTP/2 can have (RFC 9113 section 8.2.2).
 */
import type { Duplex } from 'node:stream';
import { PosternError } from '../../../errors.js';
import { WEBSOCKET_VERSION } from '../../../http/websocket.js';
import { StreamBody } from '../../../http2/stream/duplex.js';
import type { Http2Stream } from '../../../http2/stream/stream.js';
import type { HeaderLookup } from '../../request/visit.js';
import type { WebSocketVisit } from '../front-door.js';
import { Http2Visit, type Http2VisitOptions } from './visit.js';

export class Http2WebSocketVisit extends Http2Visit implements WebSocketVisit {
  #body: StreamBody | undefined;
  /** The visitor has closed its direction, before there was a body that could tell. */
  #isEnded = false;

  constructor(stream: Http2Stream, options: Http2VisitOptions) {
    super(stream, { ...options, head: { ...options.head, method: 'GET' } });
  }

  /** Throws for a handshake of another version. There is no key: the stream is the proof (RFC 8441 section 5). */
  checkHandshake(): void {
    if (this.header['sec-websocket-version'] === WEBSOCKET_VERSION) return;
    const text = 'The edge speaks WebSocket version 13.';
    throw new PosternError('ERR_PROTOCOL_VERSION', 'WebSocket version', { text });
  }

  override takeBody(): Duplex {
    const body = new StreamBody(this.stream);
    body.once('close', () => this.closed());
    if (this.#isEnded) body.push(null);
    this.#body = body;
    return body;
  }

  override endReceived(): void {
    this.#isEnded = true;
    super.endReceived();
  }

  override cancel(): void {
    if (this.#body === undefined) super.cancel();
    else this.#body.destroy();
  }

  protected override get isAccepted(): boolean {
    return this.#body !== undefined;
  }

  protected override lookUp(): HeaderLookup {
    return { ...super.lookUp(), upgrade: 'websocket' };
  }

  protected override readBody(): void {
    // What a client sends before it is accepted waits in the window of its stream.
  }
}
