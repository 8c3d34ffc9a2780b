/**
 * People who use a tunnel without a pause: requests with bodies whose bytes are compared, a WebSocket and an event stream each. They
 * do what a browser does: a request on a kept connection that was closed before a byte of a response is sent again (RFC 9112 section
 * 9.3.1), an event stream and a WebSocket are opened again, and what is more than that is counted as lost.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { type Echo, patternBytes } from '../target-paths.js';
import { type OpenResponse, RefusedUpgrade, type Visitor } from '../visitor.js';

export interface LoadOptions {
  /** The origin of the tunnel. */
  readonly url: string;
  /** The pause between requests and between messages; 5 ms unless given. */
  readonly pauseMs?: number;
  /** Requests are begun by this schedule, a few at once; one after the other unless given. */
  readonly perSecond?: number;
  /** Of a body; 20,000 unless given. */
  readonly bytes?: number;
}

// A machine that is too slow for the schedule falls behind it, and has time left for the edges.
const MAX_AT_ONCE = 3;

/** One visitor with its requests, WebSocket and event stream. */
export class Load {
  /** Requests that were responded to as they should be. */
  requests = 0;
  /** Messages that came back over WebSockets. */
  messages = 0;
  /** What is no 2xx, or not the bytes that are due. */
  readonly wrong: string[] = [];
  /** Requests whose connection was closed under them. */
  readonly resets: string[] = [];
  /** How WebSockets ended. */
  readonly closes: number[] = [];
  /** How often the event stream ended. */
  streams = 0;
  readonly #visitor: Visitor;
  readonly #options: LoadOptions;
  readonly #bytes: number;
  readonly #expected: Buffer;
  #isOver = false;
  #socket: WebSocket | undefined;
  #running: Promise<unknown> | undefined;
  #events: { destroy(): void } | undefined;

  constructor(visitor: Visitor, options: LoadOptions) {
    this.#visitor = visitor;
    this.#options = options;
    this.#bytes = options.bytes ?? 20_000;
    this.#expected = Buffer.concat([...patternBytes(this.#bytes)]);
  }

  /** Begins, and resolves once each of the three works. */
  async start(): Promise<void> {
    await this.#request(0);
    const socket = await this.#openSocket();
    const events = await this.#openEvents();
    this.#running = Promise.allSettled([this.#requests(), this.#talk(socket), this.#follow(events)]);
  }

  /** Ends. What was on its way is broken off, and counts no more. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#socket?.terminate();
    this.#events?.destroy();
    await this.#running;
  }

  #requests(): Promise<void> {
    const { perSecond } = this.#options;
    return perSecond === undefined ? this.#inTurn() : this.#bySchedule(perSecond);
  }

  async #bySchedule(perSecond: number): Promise<void> {
    const running = new Set<Promise<void>>();
    const startMs = performance.now();
    for (let number = 1; !this.#isOver; ) {
      const dueInMs = startMs + (number * 1_000) / perSecond - performance.now();
      if (dueInMs > 0) await delay(Math.ceil(dueInMs));
      else if (running.size >= MAX_AT_ONCE) await Promise.race(running);
      else {
        const own = number;
        const one: Promise<void> = this.#again(() => this.#request(own)).finally(() => running.delete(one));
        one.catch(() => {}); // it is over
        running.add(one);
        number += 1;
      }
    }
    await Promise.allSettled(running);
  }

  async #inTurn(): Promise<void> {
    for (let number = 1; !this.#isOver; number++) {
      await this.#again(() => this.#request(number));
      await delay(this.#pauseMs);
    }
  }

  async #request(number: number): Promise<void> {
    const { url } = this.#options;
    if (number % 2 === 0) {
      const { status, bytes } = await this.#visitor.fetch(`${url}/bytes?n=${this.#bytes}`);
      this.#count(status === 200 && bytes.equals(this.#expected), `GET ${status}`);
      return;
    }
    const body = randomBytes(this.#bytes);
    const response = await this.#visitor.fetch(`${url}/upload`, { method: 'PUT', body });
    const { status } = response;
    const sum = status === 200 ? (response.json() as Echo).bodySha256 : '';
    this.#count(
      sum === createHash('sha256').update(body).digest('hex'),
      `PUT ${status} ${response.text.slice(0, 200)}`,
    );
  }

  #count(isRight: boolean, what: string): void {
    if (isRight) this.requests += 1;
    else this.wrong.push(what);
  }

  /** Tries until there is a response, whatever it says. */
  async #again<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (this.#isOver) throw error;
        if (error instanceof RefusedUpgrade) this.wrong.push(`WebSocket ${error.status}`);
        else this.resets.push(String(error));
        await delay(this.#pauseMs);
      }
    }
  }

  get #pauseMs(): number {
    return this.#options.pauseMs ?? 5;
  }

  #openSocket(): Promise<WebSocket> {
    return this.#visitor.socket(`${this.#options.url.replace('http', 'ws')}/ws`);
  }

  async #talk(first: WebSocket): Promise<void> {
    let socket = first;
    for (;;) {
      this.#socket = socket;
      const closed = once(socket, 'close') as Promise<[number]>;
      socket.on('error', () => {}); // `close` follows
      void this.#say(socket);
      const [code] = await closed;
      if (this.#isOver) return;
      this.closes.push(code);
      socket = await this.#again(() => this.#openSocket());
      if (this.#isOver) socket.terminate();
    }
  }

  // One message after the other, each when the one before has come back.
  async #say(socket: WebSocket): Promise<void> {
    const next = () => {
      if (socket.readyState === socket.OPEN) socket.send(`message ${this.messages}`);
    };
    socket.on('message', (data: Buffer) => {
      if (String(data) !== `message ${this.messages}`) this.wrong.push(`WebSocket: ${data}`);
      this.messages += 1;
      setTimeout(next, this.#pauseMs);
    });
    next();
  }

  #openEvents(): Promise<OpenResponse> {
    return this.#visitor.stream(`${this.#options.url}/sse?key=never`);
  }

  async #follow(first: OpenResponse): Promise<void> {
    let events = first;
    for (;;) {
      const { status, body } = events;
      if (status !== 200) this.wrong.push(`event stream ${status}`);
      this.#events = body;
      body.on('error', () => {}).resume(); // `close` follows
      if (!body.closed) await once(body, 'close');
      if (this.#isOver) return;
      this.streams += 1;
      events = await this.#again(() => this.#openEvents());
      if (this.#isOver) events.body.destroy();
    }
  }
}
