/** Two ends of a link over a real WebSocket on loopback, and the requests of an edge with what they receive. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { PosternError } from '../../../src/errors.js';
import type {
  InboundObserver,
  InboundStream,
  OpenOptions,
  OutboundObserver,
  OutboundStream,
  RequestHead,
  ResponseHead,
  SendOptions,
} from '../../../src/http/exchange.js';
import type { RawHeaders } from '../../../src/http/fields.js';
import { acceptLink } from '../../../src/link/accept.js';
import { type AgentLink, dialEdge } from '../../../src/link/dial.js';
import { type Accepted, LINK_PATH, type Offer, SUBPROTOCOL } from '../../../src/link/handshake.js';
import type { OutboundLink } from '../../../src/link/outbound-link.js';
import { deferred } from '../../support/deferred.js';

export const OFFER: Offer = {
  token: 'token',
  name: 'demo',
  allow: [],
  origins: [],
  frameOrigins: [],
  agentId: 'agent-0123456789abcdef',
};
export const PUBLIC_URL = 'https://demo.tunnel.test';

/** A server that admits every offer. `link` is the next one that it opened. */
export class Acceptor {
  readonly server: Server = createServer();
  #waiting: ((link: OutboundLink) => void)[] = [];
  #opened: OutboundLink[] = [];

  static async start(t: TestContext, accepted: Accepted = { url: PUBLIC_URL }): Promise<Acceptor> {
    const acceptor = new Acceptor();
    acceptor.server.on('upgrade', (request, socket, head) => {
      acceptLink(request, socket, head, accepted, (link) => {
        t.after(() => link.destroy());
        const next = acceptor.#waiting.shift();
        if (next === undefined) acceptor.#opened.push(link);
        else next(link);
      });
    });
    acceptor.server.listen(0, '127.0.0.1');
    await once(acceptor.server, 'listening');
    t.after(() => acceptor.server.close());
    return acceptor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  link(): Promise<OutboundLink> {
    const opened = this.#opened.shift();
    return opened === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(opened);
  }
}

export interface Pair {
  readonly edge: OutboundLink;
  readonly agent: AgentLink;
}

/** An edge and an agent that serves each request with `onStream`. */
export async function openPair(t: TestContext, onStream: (stream: InboundStream) => void): Promise<Pair> {
  const acceptor = await Acceptor.start(t);
  const agent = await dialEdge(acceptor.url, OFFER, { onStream });
  t.after(() => agent.destroy());
  return { edge: await acceptor.link(), agent };
}

/** An edge and a bare WebSocket in place of an agent; `attach` gets it before the edge can have sent anything. */
export async function openBare(
  t: TestContext,
  attach: (socket: WebSocket) => void = () => {},
): Promise<{ readonly edge: OutboundLink; readonly socket: WebSocket; readonly wire: Socket }> {
  const acceptor = await Acceptor.start(t);
  const socket = new WebSocket(acceptor.url.replace('http', 'ws') + LINK_PATH, [SUBPROTOCOL]);
  socket.on('error', () => {}); // 'close' follows
  attach(socket);
  const [[response]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
  t.after(() => socket.terminate());
  return { edge: await acceptor.link(), socket, wire: (response as IncomingMessage).socket };
}

/** One request as the agent sees it, its bodies as a Duplex. */
export class Served implements InboundObserver {
  readonly stream: InboundStream;
  readonly body: Duplex;
  /** Resolves when the agent is notified that the edge cancelled the request. */
  readonly isCancelled: Promise<void>;
  readonly heardTrailers: Promise<RawHeaders>;
  readonly #cancelled = deferred<void>();
  readonly #trailers = deferred<RawHeaders>();

  constructor(stream: InboundStream) {
    this.stream = stream;
    this.isCancelled = this.#cancelled.promise;
    this.heardTrailers = this.#trailers.promise;
    stream.observe(this);
    this.body = stream.takeBody();
  }

  respond(status: number, options: SendOptions = { endOfBody: true }): void {
    this.stream.respond({ status, headers: [] }, options);
  }

  trailers(trailers: RawHeaders): void {
    this.#trailers.resolve(trailers);
  }

  cancelled(): void {
    this.#cancelled.resolve();
  }

  // The bodies are the Duplex's.
  data(): void {}
  end(): void {}
  drain(): void {}
  sent(): void {}
}

export const GET: RequestHead = {
  method: 'GET',
  scheme: 'https',
  authority: 'demo.tunnel.test',
  path: '/',
  headers: [],
};

/** One request as the edge sees it. */
export class Asked implements OutboundObserver {
  readonly early: ResponseHead[] = [];
  readonly stream: OutboundStream;
  readonly body: Duplex;
  /** The final head; rejects with the failure if there is none. */
  readonly head: Promise<ResponseHead & { readonly endOfBody: boolean }>;
  /** Resolves with the error of a request that failed. */
  readonly failure: Promise<PosternError>;
  heardTrailers: RawHeaders = [];
  readonly #head = deferred<ResponseHead & { readonly endOfBody: boolean }>();
  readonly #failure = deferred<PosternError>();

  constructor(link: OutboundLink, head: Partial<RequestHead> = {}, options: Partial<OpenOptions> = {}) {
    this.head = this.#head.promise;
    this.head.catch(() => {}); // a test that waits for the failure does not use it
    this.failure = this.#failure.promise;
    this.stream = link.open({ ...GET, ...head }, { endOfBody: true, party: 'ana', ...options }, this);
    this.body = this.stream.takeBody();
  }

  informational(head: ResponseHead): void {
    this.early.push(head);
  }

  response(head: ResponseHead, endOfBody: boolean): void {
    this.#head.resolve({ ...head, endOfBody });
  }

  trailers(trailers: RawHeaders): void {
    this.heardTrailers = trailers;
  }

  // The bodies are the Duplex's.
  data(): void {}
  end(): void {}
  drain(): void {}

  failed(error: PosternError): void {
    this.#head.reject(error);
    this.#failure.resolve(error);
  }

  /** The response's body; rejects if it is incomplete. */
  async text(): Promise<string> {
    await this.head;
    const chunks: Buffer[] = [];
    const whole = deferred<void>();
    this.failure.then(whole.reject);
    this.body.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', whole.resolve);
    await whole.promise;
    return Buffer.concat(chunks).toString();
  }
}
