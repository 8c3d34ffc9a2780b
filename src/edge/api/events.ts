/**
 * The API's stream of events: what happens to the caller's tunnels, as it happens. A reader who comes back with
 * `Last-Event-ID` gets what was missed; one for whom that is not known any more is told to read everything again, with the
 * event `resync`.
 */
import { PosternError } from '../../errors.js';
import type { Feed, FeedEvent } from '../people/feed.js';
import { EMPTY_STREAM, EventStream } from '../replies/event-stream.js';
import { isCrossOrigin } from '../request/navigation.js';
import type { Reply, Visit } from '../request/visit.js';
import type { RouteTable } from '../routes/route.js';
import type { Caller, Callers } from './caller.js';

export interface EventApiOptions {
  readonly callers: Callers;
  readonly feed: Feed;
}

/** Open streams: a person has some tabs and terminals. */
export const MAX_STREAMS_OF_ONE = 20;
export const MAX_STREAMS = 1_000;

export class EventApi {
  readonly #options: EventApiOptions;
  readonly #callerOf = new Map<EventStream, Caller>();

  constructor(options: EventApiOptions) {
    this.#options = options;
  }

  routes(prefix: string): RouteTable {
    return [['get', `${prefix}/events`, (visit) => this.#open(visit)]];
  }

  /** Ends all streams: their readers come back to whichever edge is there then. */
  close(): void {
    for (const stream of [...this.#callerOf.keys()]) stream.end();
  }

  /** Looks whether the readers of all streams may still read. */
  review(): void {
    for (const stream of [...this.#callerOf.keys()]) stream.review();
  }

  async #open(visit: Visit): Promise<Reply | undefined> {
    const { callers, feed } = this.#options;
    if (isCrossOrigin(visit)) throw new PosternError('ERR_CROSS_SITE'); // a tab that another page opens would take one of the streams
    const caller = await callers.identify(visit);
    if (visit.method === 'HEAD') return EMPTY_STREAM;
    if (visit.isClosed) return undefined; // the end of the stream would not be seen
    this.#checkRoom(caller);
    let stopReading: () => void = () => {};
    const ended = () => {
      stopReading();
      this.#callerOf.delete(stream);
    };
    const check = async () => void (await callers.identify(visit));
    const stream: EventStream = new EventStream(visit, { ended, check });
    this.#callerOf.set(stream, caller);
    this.#catchUp(stream, caller, visit.header['last-event-id']);
    stopReading = feed.read((event) => send(stream, caller, event));
    return undefined;
  }

  #checkRoom({ party }: Caller): void {
    const ofOne = [...this.#callerOf.values()].filter((other) => other.party === party).length;
    if (this.#callerOf.size < MAX_STREAMS && ofOne < MAX_STREAMS_OF_ONE) return;
    throw new PosternError('ERR_LIMIT_REACHED', 'too many event streams', { text: 'Too many event streams are open.' });
  }

  #catchUp(stream: EventStream, caller: Caller, lastId: string | undefined): void {
    const { feed } = this.#options;
    const missed = lastId === undefined ? 'gap' : feed.since(lastId);
    // With the id of now: what happens after it will not be missed.
    if (missed === 'gap') stream.send({ id: feed.lastId, event: 'resync', json: '{}' });
    else for (const event of missed) send(stream, caller, event);
  }
}

function send(stream: EventStream, caller: Caller, { id, kind, tunnel, owner, json }: FeedEvent): void {
  if (caller.mayRead({ name: tunnel, owner })) stream.send({ id, event: kind, json });
}
