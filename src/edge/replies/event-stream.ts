/**
 * A stream of server-sent events (HTML standard, section 9.2) as the response to a visit. What a reader who does not read
 * leaves waiting is bounded: past that the stream ends, and the browser opens it again.
 */
import type { Visit } from '../request/visit.js';
import { withBody } from './reply.js';

// Two events about a tunnel with a thousand grants.
const MAX_WAITING_CHARS = 1_048_576;

// Keeps the connection open in proxies, and is the occasion to look whether the reader may still read.
const BEAT_MS = 15_000;

export interface EventStreamOptions {
  /** Called once, when the stream has ended, by either side. */
  readonly ended: () => void;
  /** Called every fifteen seconds, and by `review`: rejects when the reader may not read any more, and the stream ends. */
  readonly check: () => Promise<void>;
}

export interface ServerEvent {
  readonly id?: string;
  readonly event: string;
  readonly json: string;
}

export class EventStream {
  readonly #visit: Visit;
  readonly #options: EventStreamOptions;
  readonly #waiting: string[] = [];
  #waitingChars = 0;
  readonly #beat: NodeJS.Timeout;
  #isBlocked = false;
  #isOver = false;

  /** Sends the head of the response. */
  constructor(visit: Visit, options: EventStreamOptions) {
    this.#visit = visit;
    this.#options = options;
    this.#beat = setInterval(() => this.#beatNow(), BEAT_MS).unref();
    const stop = () => this.#stop();
    visit.observe({
      data: () => {},
      trailers: () => {},
      end: () => {},
      drain: () => this.#drain(),
      sent: stop,
      cancelled: stop,
    });
    visit.resume();
    visit.respond({ status: 200, headers: HEADERS }, { endOfBody: false });
    this.#write('retry: 1000\n\n');
  }

  send({ id, event, json }: ServerEvent): void {
    const name = id === undefined ? '' : `id: ${id}\n`;
    this.#write(`${name}event: ${event}\ndata: ${json}\n\n`);
  }

  end(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#visit.end();
  }

  /** Ends the stream if its reader may not read any more. */
  review(): void {
    this.#options.check().catch(() => this.end());
  }

  #beatNow(): void {
    this.#write(':\n\n');
    this.review();
  }

  #write(text: string): void {
    if (this.#isOver) return;
    if (!this.#isBlocked) this.#isBlocked = !this.#visit.write(Buffer.from(text));
    else {
      this.#waiting.push(text);
      this.#waitingChars += text.length;
      if (this.#waitingChars > MAX_WAITING_CHARS) this.end();
    }
  }

  #drain(): void {
    this.#isBlocked = false;
    this.#waitingChars = 0;
    const waiting = this.#waiting.splice(0).join('');
    if (waiting !== '') this.#write(waiting);
  }

  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#beat);
    this.#options.ended();
  }
}

/** To a HEAD request (RFC 9110 section 9.3.2), whose response has no body that could go on. */
export const EMPTY_STREAM = withBody('text/event-stream', '', {});

const HEADERS = [
  ...['content-type', 'text/event-stream', 'cache-control', 'no-store'],
  ...['x-content-type-options', 'nosniff', 'x-accel-buffering', 'no'],
];
