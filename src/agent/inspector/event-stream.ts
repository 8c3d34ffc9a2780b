/**
 * The stream of events of the inspector's page. Changes are put together, so that a burst of requests costs a reader one write;
 * a reader that does not keep up is told to read the list again.
 */
import type { ServerResponse } from 'node:http';
import { describeRow } from './describe.js';
import type { ExchangesListener } from './exchange-listeners.js';
import type { Exchanges } from './exchanges.js';
import type { KeptExchange } from './kept-exchange.js';
import type { InspectorEvents } from './wire.js';

const FLUSH_MS = 40;
const COMMENT_MS = 15_000;
const MAX_READERS = 16;
/** What a reader may leave unread before events are left out. */
const MAX_UNREAD_BYTES = 1_048_576;
// More rows at once than a person can see: reading the list again is cheaper.
const MAX_CHANGES = 500;

export class EventStream implements ExchangesListener {
  readonly #exchanges: Exchanges;
  readonly #readers = new Set<Reader>();
  readonly #rows = new Map<string, KeptExchange>();
  readonly #messages = new Map<string, KeptExchange>();
  #stopListening: (() => void) | undefined;
  #flush: NodeJS.Timeout | undefined;
  #comment: NodeJS.Timeout | undefined;
  #id = 0;

  constructor(exchanges: Exchanges) {
    this.#exchanges = exchanges;
  }

  /** False when there are too many readers. `lastId` is what the reader has seen last. */
  open(response: ServerResponse, lastId: string | undefined): boolean {
    if (this.#readers.size >= MAX_READERS) return false;
    const reader = new Reader(response);
    this.#readers.add(reader);
    response.once('close', () => this.#closed(reader));
    response.write('retry: 1000\n\n');
    if (lastId !== undefined && lastId !== String(this.#id)) reader.send(this.#text('resync', {}));
    this.#stopListening ??= this.#exchanges.listen(this);
    this.#comment ??= setInterval(() => this.#write(': \n\n'), COMMENT_MS).unref();
    return true;
  }

  /** There are readers. */
  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  /** Tells all readers. */
  emit<Name extends keyof InspectorEvents>(name: Name, data: InspectorEvents[Name]): void {
    if (this.isRead) this.#write(this.#text(name, data));
  }

  changed(captured: KeptExchange): void {
    this.#rows.set(captured.id, captured);
    this.#schedule();
  }

  messaged(captured: KeptExchange): void {
    this.#messages.set(captured.id, captured);
    this.#schedule();
  }

  cleared(): void {
    // What is kept may have changed just before.
    for (const changed of [this.#rows, this.#messages])
      for (const id of changed.keys()) if (this.#exchanges.find(id) === undefined) changed.delete(id);
    this.emit('cleared', { kept: Array.from(this.#exchanges.newestFirst(), ({ id }) => id) });
  }

  close(): void {
    for (const { response } of this.#readers) response.destroy();
  }

  #schedule(): void {
    this.#flush ??= setTimeout(() => this.#flushAll(), FLUSH_MS).unref();
  }

  #flushAll(): void {
    this.#flush = undefined;
    let text = '';
    if (this.#rows.size > MAX_CHANGES) text = this.#text('resync', {});
    else for (const captured of this.#rows.values()) text += this.#text('exchange', describeRow(captured));
    for (const { id, messages } of this.#messages.values())
      text += this.#text('message', { id, total: messages?.total ?? 0 });
    this.#rows.clear();
    this.#messages.clear();
    this.#write(text);
  }

  #text<Name extends keyof InspectorEvents>(name: Name, data: InspectorEvents[Name]): string {
    this.#id += 1;
    return `id: ${this.#id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  #write(text: string): void {
    for (const reader of this.#readers) reader.send(text);
  }

  #closed(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
    clearInterval(this.#comment);
    this.#comment = undefined;
    this.#rows.clear();
    this.#messages.clear();
  }
}

/** One open page, or program. */
class Reader {
  readonly response: ServerResponse;
  /** Events were left out. */
  #isBehind = false;

  constructor(response: ServerResponse) {
    this.response = response;
    response.on('drain', () => this.#drained());
  }

  send(text: string): void {
    if (this.#isBehind) return;
    this.#isBehind = this.response.writableLength > MAX_UNREAD_BYTES;
    if (!this.#isBehind) this.response.write(text);
  }

  #drained(): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.response.write('event: resync\ndata: {}\n\n');
  }
}
