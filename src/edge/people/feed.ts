/**
 * What has just happened to tunnels and their people, for those who look: a bounded list of events with ids, so that a reader
 * who was away for a moment misses none, and the readers of today. Only in this process: after a restart readers begin again.
 */
import { randomBytes } from 'node:crypto';
import type { EdgeEvent, EventSink } from '../ops/events.js';

export interface FeedEvent {
  /** Of this process and of a position in its list. */
  readonly id: string;
  readonly kind: 'tunnel' | 'access' | 'access-token' | 'client' | 'people' | 'knock' | 'invite' | 'sign-in';
  /** Empty for what is of no tunnel, and for administrators only. */
  readonly tunnel: string;
  /** Canonical email of the tunnel's owner; empty without a tunnel. */
  readonly owner: string;
  /** What the reader gets: JSON, written once for all readers. */
  readonly json: string;
}

/** What `since` returns when the id is of another process, or too long ago. */
export type Missed = readonly FeedEvent[] | 'gap';

// Some minutes of a lively edge. An event about a tunnel with a thousand grants is half a megabyte.
export const MAX_EVENTS = 1_000;
export const MAX_EVENT_CHARS = 8_000_000;

export class Feed implements EventSink {
  readonly #run = randomBytes(6).toString('hex');
  readonly #events: FeedEvent[] = [];
  readonly #readers = new Set<(event: FeedEvent) => void>();
  #count = 0;
  #chars = 0;

  /** The id of the latest event. */
  get lastId(): string {
    return this.#idOf(this.#count);
  }

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  on(event: EdgeEvent): void {
    if (event.kind !== 'tunnel-changed') return;
    const { tunnel, owner, isOnline } = event;
    this.publish({ kind: 'tunnel', tunnel, owner, data: { online: isOnline } });
  }

  publish({ data, ...event }: Omit<FeedEvent, 'id' | 'json'> & { readonly data: object }): void {
    this.#count += 1;
    const json = JSON.stringify({ tunnel: event.tunnel === '' ? undefined : event.tunnel, ...data });
    const published = { ...event, json, id: this.#idOf(this.#count) };
    this.#events.push(published);
    this.#chars += json.length;
    while (this.#events.length > MAX_EVENTS || this.#chars > MAX_EVENT_CHARS) this.#dropOldest();
    for (const reader of [...this.#readers]) reader(published);
  }

  /** The events after an id. */
  since(id: string): Missed {
    const [run, number] = id.split('-', 2);
    const position = /^\d{1,15}$/.test(number ?? '') ? Number(number) : Number.NaN;
    const missed = this.#count - position;
    if (run !== this.#run || !(missed >= 0) || missed > this.#events.length) return 'gap';
    return missed === 0 ? [] : this.#events.slice(-missed);
  }

  /** Calls the reader with every later event. Returns what ends that. */
  read(reader: (event: FeedEvent) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  #dropOldest(): void {
    this.#chars -= this.#events.shift()?.json.length ?? 0;
  }

  #idOf(position: number): string {
    return `${this.#run}-${position}`;
  }
}
