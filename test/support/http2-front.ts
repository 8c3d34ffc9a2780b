/**
 * An edge's port on which the clients of the tests speak HTTP/1.1, and behind which each of their requests goes to the edge
 * over HTTP/2, by our own engine or, where that refuses to send it, frame by frame: so that one table of cases holds both.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connection } from '../../src/http2/connection.js';
import { Http2Error } from '../../src/http2/errors.js';
import { StreamBody } from '../../src/http2/stream/duplex.js';
import { deferred } from './deferred.js';
import { Bytes, firstValue, type ReadRequest, readRequest } from './http1-bytes.js';
import { askMalformed } from './http2-malformed.js';
import { isChunked, isWebSocket, requestFields, responseHead } from './http2-requests.js';

// Below what the edge permits on a connection; what is more takes another.
const MAX_STREAMS = 90;

export class Http2Front {
  readonly #edgePort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections: EdgeConnection[] = [];

  private constructor(edgePort: number) {
    this.#edgePort = edgePort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket)); // `close` ends what runs
      void this.#serve(socket).catch(() => socket.destroy()); // a body that broke, on either side
    });
  }

  static async start(edgePort: number): Promise<Http2Front> {
    const front = new Http2Front(edgePort);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    const bytes = new Bytes(socket);
    for (;;) {
      const head = await bytes.before('\r\n\r\n');
      if (head === undefined) break;
      if (!(await this.#exchange(readRequest(head), bytes, socket))) break;
    }
    socket.end();
    socket.resume(); // what nobody reads any more
  }

  /** One request and its response. Whether the connection may bring another. */
  async #exchange(request: ReadRequest, bytes: Bytes, socket: Socket): Promise<boolean> {
    const isLast = isWebSocket(request) || /\bclose\b/i.test(firstValue(request, 'connection') ?? '');
    const exchange = new Exchange(request, bytes, socket, isLast);
    const fields = requestFields(request);
    const connection = this.#connection();
    connection.running += 1;
    try {
      await connection.ready;
      await this.#send(exchange, connection, fields);
      return (await exchange.over) && !exchange.isLast;
    } finally {
      connection.running -= 1;
    }
  }

  async #send(exchange: Exchange, connection: EdgeConnection, fields: readonly string[]): Promise<void> {
    try {
      exchange.begin(connection.request(fields, exchange.hasBody));
    } catch (error) {
      if (error instanceof Http2Error) throw error; // the connection, not the request
      await exchange.relay(this.#edgePort, fields);
    }
  }

  #connection(): EdgeConnection {
    this.#connections = this.#connections.filter(({ isOpen }) => isOpen);
    const free = this.#connections.find(({ running }) => running < MAX_STREAMS);
    if (free !== undefined) return free;
    const another = new EdgeConnection(this.#edgePort);
    this.#connections.push(another);
    return another;
  }
}

/** One request on its way. */
class Exchange {
  readonly hasBody: boolean;
  readonly #request: ReadRequest;
  readonly #bytes: Bytes;
  readonly #socket: Socket;
  readonly #isLast: boolean;
  readonly #over = deferred<boolean>();
  #fields: readonly string[] = [];
  #trailers: readonly string[] = [];
  #sentTrailers: string[] = [];
  #isSent = true;
  #isEarly = false;

  constructor(request: ReadRequest, bytes: Bytes, socket: Socket, isLast: boolean) {
    this.#request = request;
    this.#bytes = bytes;
    this.#socket = socket;
    this.#isLast = isLast;
    const length = firstValue(request, 'content-length');
    this.hasBody = isWebSocket(request) || (length !== undefined && length !== '0') || this.#isChunked;
  }

  /** Resolves behind the response: whether the whole request was sent. Rejects when the response breaks. */
  get over(): Promise<boolean> {
    return this.#over.promise;
  }

  /** Nothing follows on the connection: a request that is malformed ends one of HTTP/1.1, too, as does an early response. */
  get isLast(): boolean {
    return this.#isLast || this.#isEarly || /^4(?:00|31)$/.test(this.#fields[1] ?? '');
  }

  get #isChunked(): boolean {
    return firstValue(this.#request, 'transfer-encoding') !== undefined;
  }

  begin(open: (observer: ConstructorParameters<typeof StreamBody>[1]) => StreamBody): void {
    const body = open({
      informational: (fields) => this.#head(fields),
      headers: (fields) => {
        this.#fields = fields;
        this.#isEarly = !this.#isSent;
        this.#head(fields);
      },
      trailers: (fields) => (this.#trailers = fields),
      writeTrailers: () => this.#sentTrailers,
    });
    const left = () => body.destroy();
    const closed = new AbortController();
    this.#socket.once('close', left);
    body
      .on('error', () => {})
      .once('close', () => {
        this.#socket.off('close', left);
        closed.abort();
      });
    const sent = this.hasBody ? this.#send(body) : Promise.resolve();
    sent.then(() => this.#watch(closed.signal)).then((isGone) => isGone && left(), left);
    this.#receive(body).then(() => this.#over.resolve(this.#isSent), this.#over.reject);
  }

  /** Whether the visitor has left: one that waits for nothing but the response, and ends the connection. */
  async #watch(until: AbortSignal): Promise<boolean> {
    return !isWebSocket(this.#request) && this.#bytes.isOver(until);
  }

  /** By frames of our own: a request that no library sends. */
  async relay(port: number, fields: readonly string[]): Promise<void> {
    const body: Buffer[] = [];
    if (this.hasBody && !isWebSocket(this.#request)) for await (const chunk of this.#body()) body.push(chunk);
    const response = await askMalformed(port, fields, this.hasBody ? Buffer.concat(body) : undefined);
    if (response.fields.length === 0) throw new Error('no response');
    this.#fields = response.fields;
    this.#head(response.fields);
    await this.#write(response.body);
    this.#end();
    this.#over.resolve(true);
  }

  #head(fields: readonly string[]): void {
    this.#socket.write(responseHead(fields, this.#request, this.isLast), 'latin1');
  }

  async #send(body: StreamBody): Promise<void> {
    this.#isSent = false;
    for await (const chunk of this.#body()) {
      if (body.destroyed) return;
      if (!body.write(chunk)) await drained(body);
    }
    this.#isSent = true;
    body.end();
  }

  async *#body(): AsyncGenerator<Buffer> {
    if (isWebSocket(this.#request)) {
      for (let chunk = await this.#bytes.next(); chunk; chunk = await this.#bytes.next()) yield chunk;
    } else if (this.#isChunked) {
      const trailers = yield* this.#bytes.chunked();
      this.#sentTrailers = trailers.flatMap(([name, value]) => [name.toLowerCase(), value]);
    } else yield* this.#bytes.exactly(Number(firstValue(this.#request, 'content-length')));
  }

  async #receive(body: StreamBody): Promise<void> {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) await this.#write(chunk as Buffer);
    this.#end();
  }

  get #isFramed(): boolean {
    const isConnected = isWebSocket(this.#request) && this.#fields[1] === '200';
    return !isConnected && isChunked(this.#fields, this.#request);
  }

  async #write(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    const head = this.#isFramed ? `${chunk.length.toString(16)}\r\n` : '';
    const tail = this.#isFramed ? '\r\n' : '';
    const bytes = Buffer.concat([Buffer.from(head), chunk, Buffer.from(tail)]);
    if (!this.#socket.write(bytes)) await drained(this.#socket);
  }

  #end(): void {
    if (!this.#isFramed) return;
    const lines = this.#trailers.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    this.#socket.write(`0\r\n${lines}\r\n`, 'latin1');
  }
}

function drained(writable: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      writable.off('drain', done).off('close', done);
      resolve();
    };
    writable.on('drain', done).on('close', done);
  });
}

/** One connection to the edge. */
class EdgeConnection {
  /** Resolves once the settings of the edge are here, which permit extended CONNECT. */
  readonly ready: Promise<void>;
  /** Requests on it, or soon to be. */
  running = 0;
  readonly #socket: Socket;
  readonly #connection: Connection;

  constructor(port: number) {
    const { promise, resolve } = deferred<void>();
    this.ready = promise;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#connection = new Connection({
      role: 'client',
      send: (bytes) => void socket.write(bytes, () => this.#connection.sent(bytes.length)),
      observer: { settings: resolve, closed: () => socket.end() },
    });
    socket.on('data', (chunk) => this.#connection.receive(chunk));
    socket
      .on('error', () => {})
      .on('close', () => {
        this.#connection.destroy();
        resolve();
      });
  }

  get isOpen(): boolean {
    return !this.#connection.isDraining;
  }

  /** Opens a stream, whose body the caller makes in the same turn. Throws `MalformedFields`. */
  request(fields: readonly string[], hasBody: boolean) {
    const stream = this.#connection.request(fields, { endStream: !hasBody });
    return (observer: ConstructorParameters<typeof StreamBody>[1]) => new StreamBody(stream, observer);
  }

  close(): void {
    this.#socket.destroy();
  }
}
