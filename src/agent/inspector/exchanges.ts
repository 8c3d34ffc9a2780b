/**
 * The exchanges that are kept: the last ones that fit, and those that were pinned. When there is no more room the oldest one
 * that is not pinned goes first, whole. Those that have ended are records in a ring of bytes; objects are only those that
 * run, those with messages, and those that a person has pinned.
 */
import { randomBytes } from 'node:crypto';
import { type Archive, ArchivedExchange } from './archived-exchange.js';
import { ByteRing } from './byte-ring.js';
import { Captured, type CapturedFields, type Keeper } from './captured.js';
import { ENTRY_BYTES, ExchangeIndex } from './exchange-index.js';
import { ExchangeListeners, type ExchangesListener } from './exchange-listeners.js';
import { MAX_PIECES, RecordWriter } from './exchange-record.js';
import type { TunnelName } from './inspected-tunnels.js';
import type { KeptExchange } from './kept-exchange.js';
import { PinnedExchanges } from './pinned-exchanges.js';

export interface ExchangesLimits {
  /** Of everything that is kept. */
  readonly maxBytes: number;
  /** Of each body. */
  readonly bodyBytes: number;
}

export class Exchanges implements Keeper, Archive {
  readonly bodyBytes: number;
  readonly #maxBytes: number;
  readonly #ring: ByteRing;
  readonly #index = new ExchangeIndex();
  readonly #pinned: PinnedExchanges;
  readonly #record = new RecordWriter();
  readonly #tunnels: TunnelName[] = [];
  readonly #notes = new Map<number, string>();
  readonly #listeners = new ExchangeListeners();
  /** Begins the id of each exchange of this process. */
  readonly #prefix = randomBytes(4).toString('hex');
  /** What is kept besides the bytes of the ring. */
  #heldBytes = 0;
  #dropped = 0;

  constructor({ maxBytes, bodyBytes }: ExchangesLimits) {
    this.#maxBytes = maxBytes;
    this.bodyBytes = Math.min(bodyBytes, maxBytes);
    this.#ring = new ByteRing(maxBytes);
    this.#pinned = new PinnedExchanges(maxBytes);
  }

  /** How many went for lack of room since the start, or the last clear. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is kept, as accounted. */
  get bytes(): number {
    return this.#ring.length + this.#heldBytes + ENTRY_BYTES * this.#index.size;
  }

  get position(): number {
    return this.#ring.head;
  }

  begin(fields: CapturedFields): Captured {
    const captured = new Captured(this, this.#index.next, fields);
    this.#index.add(captured, this.#ring.head);
    this.#heldBytes += captured.heldBytes;
    this.#makeRoom(0);
    this.changed(captured);
    return captured;
  }

  /** What is returned keeps what it had when it was found, whatever goes meanwhile. */
  find(id: string): KeptExchange | undefined {
    const seq = Number.parseInt(id.slice(this.#prefix.length), 36);
    if (id !== this.idOf(seq)) return undefined;
    const found = this.#get(seq);
    return found instanceof ArchivedExchange ? found.hold() : found;
  }

  /** All of them, or those before number `before`, newest first. What goes while they are looked at is left out. */
  *newestFirst(before = Number.POSITIVE_INFINITY): Generator<KeptExchange> {
    let seq = Math.min(before, this.#index.next) - 1;
    for (; seq >= this.#index.first; seq--) {
      const found = this.#get(seq);
      if (found !== undefined) yield found;
    }
    // Of the pinned ones some were reached before all around them went.
    for (const exchange of this.#pinned.newestFirst()) if (exchange.seq <= seq) yield exchange;
  }

  write(captured: Captured, bytes: Uint8Array): boolean {
    this.#makeRoom(bytes.length);
    if (!captured.isKept || this.bytes + bytes.length > this.#maxBytes) return false;
    this.#ring.append(bytes);
    return true;
  }

  read(position: number, target: Buffer): boolean {
    return this.#ring.read(position, target);
  }

  reserve(captured: Captured, bytes: number): boolean {
    if (!captured.isKept) return false;
    captured.heldBytes += bytes;
    this.#heldBytes += bytes;
    this.#pinned.grow(captured.seq, bytes);
    this.#makeRoom(0);
    return captured.isKept && !(this.#pinned.isFull && this.isPinned(captured.seq));
  }

  /** From now on it is a record, unless it has messages or is pinned. */
  ended(captured: Captured): void {
    if (!captured.isKept) return;
    if (captured.messages !== undefined || this.#index.object(captured.seq) !== captured)
      return void this.reserve(captured, captured.headBytes);
    for (const body of [captured.requestBody, captured.responseBody])
      if (body.pieces.length > 2 * MAX_PIECES) body.join();
    if (captured.isKept) this.#archive(captured);
  }

  resumed(captured: Captured): void {
    const { seq } = captured;
    if (!captured.isKept || this.#index.object(seq) === captured || this.#pinned.find(seq) === captured) return;
    if (this.#index.record(seq) === undefined) {
      captured.release(); // its record has gone, or is pinned
      return;
    }
    this.#index.setObject(seq, captured);
    captured.heldBytes = captured.headBytes;
    this.#heldBytes += captured.heldBytes;
  }

  tunnel(number: number): TunnelName {
    return this.#tunnels[number] as TunnelName; // of a record
  }

  idOf(seq: number): string {
    return `${this.#prefix}${seq.toString(36)}`;
  }

  isPinned(seq: number): boolean {
    return this.#pinned.isPinned(seq);
  }

  noteOf(seq: number): string {
    return this.#notes.get(seq) ?? '';
  }

  annotate(exchange: KeptExchange, note: string): void {
    if (note === '') this.#notes.delete(exchange.seq);
    else this.#notes.set(exchange.seq, note);
    this.changed(exchange);
  }

  /** Keeps an exchange whatever comes, or no longer. False when too much is pinned. */
  pin(exchange: KeptExchange, isPinned: boolean): boolean {
    const { seq } = exchange;
    if (this.isPinned(seq) === isPinned) return true;
    if (isPinned && !this.#pinned.hasRoom(exchange)) return false;
    if (!isPinned) this.#pinned.unpin(seq, this.#index.next);
    else if (!this.#pinned.pinAgain(seq)) this.#keepApart(exchange);
    this.changed(exchange);
    return true;
  }

  /** Removes all that is not pinned. */
  clear(): void {
    while (this.#dropOldest()) {}
    this.#dropped = 0;
    this.#listeners.cleared();
  }

  /** Returns what ends it. */
  listen(listener: ExchangesListener): () => void {
    return this.#listeners.add(listener);
  }

  changed(exchange: KeptExchange): void {
    this.#listeners.changed(exchange);
  }

  messaged(exchange: KeptExchange): void {
    this.#listeners.messaged(exchange);
  }

  #archive(captured: Captured): void {
    this.#record.write(captured, this.#numberOf(captured.tunnel));
    const { numbers, text } = this.#record;
    this.#heldBytes -= captured.heldBytes;
    captured.heldBytes = 0;
    this.#makeRoom(numbers.length + text.length);
    if (!captured.isKept) return;
    this.#index.setRecord(captured.seq, this.#ring.head);
    this.#ring.append(numbers);
    this.#ring.appendLatin1(text);
  }

  /** What was found of it may not go with what is around it. */
  #keepApart(exchange: KeptExchange): void {
    this.#index.setElsewhere(exchange.seq); // first: to make room may reach it
    if (exchange instanceof Captured) {
      this.#pinned.add(exchange, exchange.heldBytes);
      this.reserve(exchange, exchange.hold());
    } else {
      this.#pinned.add(exchange, exchange.cost);
      this.#heldBytes += exchange.cost;
      this.#makeRoom(0);
    }
  }

  #get(seq: number): KeptExchange | undefined {
    const object = this.#pinned.find(seq) ?? this.#index.object(seq);
    if (object !== undefined) return object;
    const position = this.#index.record(seq);
    return position === undefined ? undefined : new ArchivedExchange(this, seq, position);
  }

  #numberOf(tunnel: TunnelName): number {
    const known = this.#tunnels.indexOf(tunnel);
    return known < 0 ? this.#tunnels.push(tunnel) - 1 : known;
  }

  #makeRoom(bytes: number): void {
    while (this.bytes + bytes > this.#maxBytes && this.#dropOldest()) {}
  }

  /** False when there is none that may go. */
  #dropOldest(): boolean {
    const loose = this.#pinned.takeLoose(this.#index.first);
    if (loose !== undefined) {
      this.#heldBytes -= loose.bytes;
      this.#drop(loose.exchange.seq, loose.exchange);
      return true;
    }
    if (this.#index.size === 0) return false;
    const seq = this.#index.first;
    const object = this.#index.object(seq);
    const isElsewhere = this.#index.isElsewhere(seq);
    this.#index.shift();
    this.#ring.free(this.#index.start(this.#ring.head));
    this.#heldBytes -= object?.heldBytes ?? 0;
    if (!isElsewhere) this.#drop(seq, object);
    return true;
  }

  #drop(seq: number, exchange: KeptExchange | undefined): void {
    this.#dropped += 1;
    this.#notes.delete(seq);
    if (exchange instanceof Captured) exchange.release(); // it may run for hours
  }
}
