/** A request on a link without a link: what the edge would send and receive, in the same process. */
import { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type {
  InboundObserver,
  InboundStream,
  RequestHead,
  ResponseHead,
  SendOptions,
} from '../../../src/http/exchange.js';
import type { RawHeaders } from '../../../src/http/fields.js';

export interface FakeRequest {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: RawHeaders;
  readonly protocol?: 'websocket';
  /** `open` leaves the body to be written to `far`. */
  readonly body?: 'none' | 'open' | string;
}

export interface WholeResponse {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: string;
  readonly trailers: RawHeaders;
}

/** One side of two joined byte streams with back-pressure. */
class Side extends Duplex {
  other: Side | undefined;
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.other === undefined) throw new Error('this side is joined to no other');
    this.other.#taken = done;
    this.other.push(chunk);
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }
}

export class FakeInbound implements InboundStream {
  readonly head: RequestHead;
  readonly endOfBody: boolean;
  /** The edge's side of the body. */
  readonly far: Duplex;
  readonly heads: ResponseHead[] = [];
  readonly responded: Promise<ResponseHead & SendOptions>;
  /** Resolves when the agent resets the stream. */
  readonly reset: Promise<void>;
  readonly #near: Duplex;
  #observer: InboundObserver | undefined;
  #resolveResponded: (head: ResponseHead & SendOptions) => void = () => {};
  #resolveReset: () => void = () => {};
  #visitorTrailers: RawHeaders | undefined;
  #responseTrailers: RawHeaders = [];

  constructor(request: FakeRequest = {}) {
    this.head = {
      method: request.method ?? (request.protocol === undefined ? 'GET' : 'CONNECT'),
      scheme: 'https',
      authority: request.authority ?? 'demo.tunnel.test',
      path: request.path ?? '/',
      headers: request.headers ?? [],
      ...(request.protocol !== undefined && { protocol: request.protocol }),
    };
    this.endOfBody = request.protocol === undefined && (request.body ?? 'none') === 'none';
    const [near, far] = [new Side(), new Side()];
    near.other = far;
    far.other = near;
    far.on('error', () => {});
    near.pause();
    this.#near = near;
    this.far = far;
    this.responded = new Promise((resolve) => {
      this.#resolveResponded = resolve;
    });
    this.reset = new Promise((resolve) => {
      this.#resolveReset = resolve;
    });
    if (this.endOfBody) far.end();
    else if (request.body !== undefined && request.body !== 'open') far.end(request.body);
  }

  observe(observer: InboundObserver): void {
    this.#observer = observer;
    this.#near.on('data', this.#arrived);
    this.#near.on('end', this.#ended);
    this.#near.on('drain', this.#drained);
    this.#near.on('error', () => {});
    this.#near.on('finish', () => this.#observer?.sent());
  }

  write(chunk: Buffer): boolean {
    return this.#near.write(chunk);
  }

  writeCopy(chunk: Buffer): boolean {
    return this.#near.write(Buffer.from(chunk));
  }

  end(trailers: RawHeaders = []): void {
    this.#responseTrailers = trailers;
    this.#near.end();
  }

  pause(): void {
    this.#near.pause();
  }

  resume(): void {
    this.#near.resume();
  }

  takeBody(): Duplex {
    this.#near.off('data', this.#arrived).off('end', this.#ended).off('drain', this.#drained);
    return this.#near;
  }

  informational(head: ResponseHead): void {
    this.heads.push(head);
  }

  respond(head: ResponseHead, options: SendOptions): void {
    this.#resolveResponded({ ...head, ...options });
    if (options.endOfBody) this.#near.end();
  }

  cancel(): void {
    this.#observer = undefined;
    this.#near.destroy();
    this.far.destroy(new Error('reset'));
    this.#resolveReset();
  }

  /** The visitor disconnects. */
  leave(): void {
    const observer = this.#observer;
    this.#observer = undefined;
    this.#near.destroy(new Error('the visitor left'));
    observer?.cancelled();
  }

  /** The visitor's trailers, and the end of the body. */
  endWithTrailers(trailers: RawHeaders): void {
    this.#visitorTrailers = trailers;
    this.far.end();
  }

  /** The complete response; rejects when the stream was reset. */
  async answer(): Promise<WholeResponse> {
    const { status, headers } = await this.responded;
    return { status, headers, body: await this.text(), trailers: this.#responseTrailers };
  }

  /** What the agent writes until it ends. Leaves the other direction open, as `node:stream/consumers` would not. */
  async text(): Promise<string> {
    let body = '';
    this.far.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    await finished(this.far, { writable: false });
    return body;
  }

  readonly #arrived = (chunk: Buffer) => this.#observer?.data(chunk);
  readonly #drained = () => this.#observer?.drain();
  readonly #ended = () => {
    if (this.#visitorTrailers !== undefined) this.#observer?.trailers(this.#visitorTrailers);
    this.#observer?.end();
  };
}
