/**
 * The API's stream of events (HTML standard, section 9.2): what happens to the caller's tunnels, as it happens. A reader who
 * comes back with `Last-Event-ID` gets what was missed; one for whom that is not known any more is told to read everything
 * again, with the event `resync`.
 */
import { PosternError } from '../../errors.js';
import type { Feed, FeedEvent } from '../people/feed.js';
import type { Visit } from '../request/visit.js';
import type { RouteTable } from '../routes/route.js';
import type { Caller, Callers } from './caller.js';

export interface EventApiOptions {
  readonly callers: Callers;
  readonly feed: Feed;
}

/** Open streams: a person has some tabs and terminals. */
export const MAX_STREAMS_OF_ONE = 20;
export const MAX_STREAMS = 1_000;

// What a reader who does not read may leave waiting; past that the stream ends, and the reader comes back with an id.
const MAX_WAITING_EVENTS = 100;

// Keeps the connection open in proxies, and asks again whether the caller may still read.
const BEAT_MS = 15_000;

export class EventApi {
  readonly #options: EventApiOptions;
  readonly #open = new Set<EventStream>();

  constructor(options: EventApiOptions) {
    this.#options = options;
  }

  routes(prefix: string): RouteTable {
    return [['get', `${prefix}/events`, (visit) => this.#stream(visit)]];
  }

  /** Ends all streams: their readers come back to whichever edge is there then. */
  close(): void {
    for (const stream of [...this.#open]) stream.end();
  }

  async #stream(visit: Visit): Promise<undefined> {
    const { callers, feed } = this.#options;
    const caller = await callers.identify(visit);
    const ofOne = [...this.#open].filter((stream) => stream.caller.email === caller.email).length;
    if (this.#open.size >= MAX_STREAMS || ofOne >= MAX_STREAMS_OF_ONE)
      throw new PosternError('ERR_LIMIT_REACHED', 'too many event streams', {
        text: 'Too many event streams are open.',
      });
    const stream = new EventStream(visit, caller, feed, () => this.#open.delete(stream));
    this.#open.add(stream);
    stream.start(async () => {
      await callers.identify(visit);
    });
    return undefined;
  }
}

class EventStream {
  readonly caller: Caller;
  readonly #visit: Visit;
  readonly #feed: Feed;
  readonly #closed: () => void;
  readonly #waiting: string[] = [];
  #stopReading: () => void = () => {};
  #beat: NodeJS.Timeout | undefined;
  #isBlocked = false;
  #isOver = false;

  constructor(visit: Visit, caller: Caller, feed: Feed, closed: () => void) {
    this.#visit = visit;
    this.caller = caller;
    this.#feed = feed;
    this.#closed = closed;
  }

  /** Begins the response. `stillMay` rejects when the caller may not read any more: every fifteen seconds it is asked. */
  start(stillMay: () => Promise<void>): void {
    const visit = this.#visit;
    visit.observe({
      ...{ data: () => {}, trailers: () => {}, end: () => {}, drain: () => this.#drain() },
      ...{ sent: () => this.#stop(), cancelled: () => this.#stop() },
    });
    visit.resume();
    const headers = ['content-type', 'text/event-stream', 'cache-control', 'no-store', 'x-accel-buffering', 'no'];
    visit.respond({ status: 200, headers }, { endOfBody: false });
    this.#send('retry: 1000\n\n');
    this.#catchUp(visit.header['last-event-id']);
    this.#stopReading = this.#feed.read((event) => this.#event(event));
    this.#beat = setInterval(() => {
      this.#send(': still here\n\n');
      stillMay().catch(() => this.end());
    }, BEAT_MS).unref();
  }

  end(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#visit.end();
  }

  #catchUp(lastId: string | undefined): void {
    const missed = lastId === undefined ? 'gap' : this.#feed.since(lastId);
    // With the id of now: what happens after it will not be missed.
    if (missed === 'gap') this.#send(`id: ${this.#feed.lastId}\nevent: resync\ndata: {}\n\n`);
    else for (const event of missed) this.#event(event);
  }

  #event(event: FeedEvent): void {
    const { id, kind, tunnel, owner, data } = event;
    if (!this.caller.mayRead({ name: tunnel, owner })) return;
    this.#send(`id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ tunnel, ...data })}\n\n`);
  }

  #send(text: string): void {
    if (this.#isOver) return;
    if (!this.#isBlocked) this.#isBlocked = !this.#visit.write(Buffer.from(text));
    else if (this.#waiting.push(text) > MAX_WAITING_EVENTS) this.end();
  }

  #drain(): void {
    this.#isBlocked = false;
    const waiting = this.#waiting.splice(0).join('');
    if (waiting !== '') this.#send(waiting);
  }

  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopReading();
    clearInterval(this.#beat);
    this.#closed();
  }
}
