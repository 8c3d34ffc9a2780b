/** An agent's offer over HTTP/1.1: the upgrade request of its WebSocket (docs/protocol.md). */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { PosternError } from '../../../errors.js';
import type { RawHeaders } from '../../../http/fields.js';
import { acceptLink } from '../../../link/accept.js';
import { type Accepted, writeRefusal } from '../../../link/handshake.js';
import type { OutboundLink } from '../../../link/outbound-link.js';
import type { AgentOffer } from '../../agents/admission.js';

export class Http1Offer implements AgentOffer {
  readonly id = randomUUID();
  readonly address: string;
  readonly #request: IncomingMessage;
  readonly #socket: Socket;
  readonly #early: Buffer;

  /** Takes over the socket. */
  constructor(request: IncomingMessage, socket: Socket, early: Buffer, address: string) {
    this.#request = request;
    this.#socket = socket;
    this.#early = early;
    this.address = address;
  }

  get headers(): RawHeaders {
    return this.#request.rawHeaders;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  accept(accepted: Accepted, opened: (link: OutboundLink) => void): void {
    acceptLink(this.#request, this.#socket, this.#early, accepted, opened);
  }

  refuse(error: PosternError): void {
    writeRefusal(this.#socket, error);
  }
}
