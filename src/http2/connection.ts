/**
 * One HTTP/2 connection (RFC 9113), in either role: bytes in by `receive`, bytes out by the owner's `send`, streams in
 * between. Knows no socket; whoever owns one tells it what arrived, what was sent and when to end. What frames do is in
 * `incoming.ts`, in which order they leave in `send-queue.ts`, how much may be on its way in `flow.ts`.
 */
import type { Buffer } from 'node:buffer';
import { Abuse } from './abuse.js';
import { type ConnectionObserver, type ConnectionOptions, withDefaults } from './connection-options.js';
import { Code, Http2ConnectionError, type Http2Error, Http2StreamError, StalledStreamError } from './errors.js';
import { Flow } from './flow.js';
import { FrameReader } from './frame-reader.js';
import { MOST_31_BITS } from './frame-types.js';
import { goawayFrame, resetFrame } from './frame-writer.js';
import { MalformedFields, pseudoField } from './header-fields.js';
import { HpackDecoder } from './hpack/decoder.js';
import { HpackEncoder } from './hpack/encoder.js';
import { Incoming, type IncomingHost } from './incoming.js';
import { LocalSettings } from './local-settings.js';
import { Pings } from './pings.js';
import { SendQueue } from './send-queue.js';
import type { Head } from './send-side.js';
import { defaultSettings, type Role } from './settings.js';
import { Http2Stream, type StreamOwner } from './stream.js';
import { StreamTable } from './stream-table.js';

export class Connection implements StreamOwner, IncomingHost {
  readonly #role: Role;
  readonly #observer: ConnectionObserver;
  readonly #mostStreams: number;
  readonly #peer = defaultSettings();
  readonly #encoder: HpackEncoder;
  readonly #queue: SendQueue;
  readonly #streams: StreamTable;
  readonly #pings: Pings;
  readonly #flow: Flow;
  readonly #settings: LocalSettings;
  readonly #reader: FrameReader;
  // `leaving`: one side said GOAWAY; `last`: and no stream can be on its way any more.
  #state: 'open' | 'leaving' | 'last' | 'closed' = 'open';
  #peerLastId = MOST_31_BITS;
  #reason: Http2ConnectionError | undefined;
  #isLowOnIds = false;

  /** Sends the preface (section 3.4) at the end of this turn of the event loop. */
  constructor(options: ConnectionOptions) {
    const { role, observer, send, schedule, now, limits, neverIndexed } = withDefaults(options);
    const { mostHeaderListBytes, mostHeaderFields: mostFields } = limits;
    const abuse = new Abuse(limits.abuse, now);
    const control = (frame: Buffer) => this.#queue.control(frame);
    this.#role = role;
    this.#observer = observer;
    this.#mostStreams = limits.mostStreams;
    this.#encoder = new HpackEncoder({ neverIndexed });
    this.#queue = new SendQueue({
      encoder: this.#encoder,
      send,
      schedule,
      abuse,
      failed: (error) => this.failConnection(error),
    });
    this.#streams = new StreamTable(role);
    this.#pings = new Pings(control, now);
    this.#settings = new LocalSettings(control, now);
    const announce = (bytes: number) =>
      this.#settings.announceWindow(bytes, () => this.#flow.initialWindowApplied(this.#streams));
    const running = () => this.#streams.size;
    this.#flow = new Flow({ limits: limits.flow, pings: this.#pings, send: control, announce, now, running });
    const parts = {
      role,
      abuse,
      streams: this.#streams,
      queue: this.#queue,
      flow: this.#flow,
      pings: this.#pings,
      peer: this.#peer,
      decoder: new HpackDecoder({
        tableSizeBytes: this.#peer.headerTableBytes, // the default of both sides: a larger one costs each idle link
        mostListBytes: mostHeaderListBytes,
        mostFields,
      }),
      mostHeaderListBytes,
    };
    this.#reader = new FrameReader(new Incoming(parts, this), { preface: role === 'server' });
    this.#settings.greet(withDefaults(options), (roundTripMs) => {
      this.#flow.initialWindowApplied(this.#streams);
      this.#flow.idleRoundTrip(roundTripMs);
    });
    this.#flow.start();
  }

  /** How many streams are open. */
  get running(): number {
    return this.#streams.size;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** No new streams: one side drains, or it is over. */
  get isDraining(): boolean {
    return this.#state !== 'open';
  }

  /** The peer has announced extended CONNECT (RFC 8441). */
  get canConnect(): boolean {
    return this.#peer.connectProtocol;
  }

  /** Takes the bytes that arrived. Parts of `chunk` are handed on: it must not be written to again. Never throws. */
  receive(chunk: Buffer): void {
    if (this.isClosed) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      this.failConnection(error);
    }
  }

  /** So many bytes that were given to `send` have left the owner's buffers. */
  sent(bytes: number): void {
    this.#queue.sent(bytes);
  }

  /**
   * Client role: opens a stream; the caller observes it in the same turn of the event loop. `fields` are flat, names in
   * lower case, pseudo-fields first. Throws `MalformedFields`, and `Http2StreamError` with REFUSED_STREAM when no stream
   * can be opened now.
   */
  request(fields: readonly string[], options: { readonly endStream: boolean }): Http2Stream {
    const stream = this.#newStream(this.#openableId(fields), fields);
    this.#add(stream);
    stream.sendFinalHead(fields, options);
    return stream;
  }

  /** Measures a round trip in milliseconds. Rejects when the connection ends first, or too many wait for an answer. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const wasBusy = this.#flow.trafficBytes;
      const isSent =
        !this.isClosed &&
        this.#pings.send((ms) => {
          if (wasBusy === this.#flow.trafficBytes) this.#flow.idleRoundTrip(ms);
          resolve(ms);
        });
      if (!isSent) reject(new Http2ConnectionError(Code.CANCEL, 'no PING can be sent'));
    });
  }

  /**
   * Takes no new streams (section 6.8) and ends when the running ones have. In the server role the last GOAWAY comes a
   * round trip after the first, so that requests on their way are not lost.
   */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    if (this.#role === 'server') {
      this.#queue.control(goawayFrame(MOST_31_BITS, Code.NO_ERROR));
      if (this.#pings.send(() => this.#sayLast())) return;
    }
    this.#sayLast();
  }

  /** Ends the connection now: GOAWAY, and every running stream fails. Without effect when it has ended. */
  destroy(error?: Http2Error): void {
    if (this.isClosed) return;
    this.#close(error, error?.code ?? Code.NO_ERROR);
  }

  /**
   * Resets every stream that has had bytes to send since the last call and could not send one. The engine has no timers:
   * the owner of one calls this, if it wants to, once in a time in which an honest peer reads something.
   */
  resetStalled(): void {
    for (const stream of [...this.#streams]) {
      if (!stream.sending.isStalled()) continue;
      this.failStream(new StalledStreamError(stream.id));
    }
  }

  // What follows is for the streams (`StreamOwner`).

  sendHead(stream: Http2Stream, head: Head): void {
    this.#queue.head(stream.sending, head);
  }

  wake(stream: Http2Stream): void {
    if (!this.isClosed) this.#queue.wake(stream.sending);
  }

  reset(stream: Http2Stream, code: number): void {
    const isKnown = this.#role === 'server' || stream.sending.hasBegun;
    this.#queue.drop(stream.sending);
    this.#streams.forgetReset(stream.id);
    if (isKnown) this.#queue.control(resetFrame(stream.id, code));
    this.#endIfIdle();
  }

  released(stream: Http2Stream, bytes: number): void {
    if (bytes === 0 || this.isClosed) return;
    this.#flow.held(-bytes);
    this.#flow.replenish(stream);
  }

  forget(stream: Http2Stream): void {
    this.#streams.forget(stream.id);
    this.#endIfIdle();
  }

  // What follows is for the frames (`IncomingHost`).

  open(id: number, fields: string[], endStream: boolean): void {
    if (this.#state === 'last') {
      this.#streams.forgetReset(id); // after the last GOAWAY: ignored (section 6.8)
      return;
    }
    if (this.#streams.size >= this.#mostStreams) {
      throw new Http2StreamError(id, Code.REFUSED_STREAM, 'one stream too many');
    }
    const stream = this.#acceptStream(id, fields, endStream);
    this.#add(stream);
    this.#observer.stream?.(stream, fields, endStream);
    if (endStream) stream.receiveEnd();
  }

  settingsReceived(): void {
    this.#encoder.setPeerTableSize(this.#peer.headerTableBytes);
    this.#observer.settings?.();
  }

  settingsAcknowledged(): void {
    this.#settings.acknowledged();
  }

  goaway(lastId: number, code: number): void {
    if (lastId > this.#peerLastId)
      throw new Http2ConnectionError(Code.PROTOCOL_ERROR, 'a GOAWAY that takes back another');
    this.#peerLastId = lastId;
    if (code !== Code.NO_ERROR) this.#reason ??= new Http2ConnectionError(code, 'the peer ended the connection');
    if (this.#role === 'client') this.#failAbove(lastId);
    if (this.#state === 'open') this.#state = 'leaving';
    // The client role opens the streams: once it said GOAWAY, or was told, there are none to come.
    if (this.#state === 'leaving') this.#state = 'last';
    this.#observer.goaway?.(this.#reason);
    this.#endIfIdle();
  }

  streamReset(stream: Http2Stream, error: Http2StreamError): void {
    this.#queue.drop(stream.sending);
    this.#streams.forget(stream.id);
    // Section 8.1: a whole answer stays whole when the peer does not want the rest of the request.
    stream.fail(error.code === Code.NO_ERROR && stream.receiving.isEnded ? undefined : error);
    this.#endIfIdle();
  }

  failStream(error: Http2StreamError): void {
    const stream = this.#streams.get(error.streamId);
    this.#streams.forgetReset(error.streamId);
    this.#queue.control(resetFrame(error.streamId, error.code));
    if (stream === undefined) return;
    this.#queue.drop(stream.sending);
    stream.fail(error);
    this.#endIfIdle();
  }

  failConnection(error: unknown): void {
    if (this.isClosed) return;
    const reason = error instanceof Http2ConnectionError ? error : internalError(error);
    this.#close(reason, reason.code);
  }

  #openableId(fields: readonly string[]): number {
    const id = this.#streams.nextId();
    const refuse = (why: string) => new Http2StreamError(id ?? 0, Code.REFUSED_STREAM, why);
    if (this.#role === 'server') throw refuse('only the client role opens streams');
    if (this.#state !== 'open') throw refuse('the connection takes no new streams');
    if (id === undefined) throw refuse('all stream identifiers are used');
    if (this.#streams.size >= this.#peer.maxConcurrentStreams) throw refuse('the peer takes no more streams');
    if (!this.canConnect && pseudoField(fields, ':protocol') !== undefined) {
      throw refuse('the peer has not announced extended CONNECT');
    }
    return id;
  }

  #newStream(id: number, request: readonly string[]): Http2Stream {
    return new Http2Stream(this, {
      id,
      role: this.#role,
      sendWindowBytes: this.#peer.initialWindowBytes,
      receiveWindowBytes: this.#flow.initialWindowBytes,
      request,
    });
  }

  #acceptStream(id: number, fields: string[], endStream: boolean): Http2Stream {
    try {
      if (!this.#settings.connectProtocol && pseudoField(fields, ':protocol') !== undefined) {
        throw new MalformedFields(':protocol, which was not announced');
      }
      const stream = this.#newStream(id, fields);
      if (endStream) stream.receiving.requireAll();
      return stream;
    } catch (error) {
      throw error instanceof MalformedFields ? new Http2StreamError(id, Code.PROTOCOL_ERROR, error.message) : error;
    }
  }

  #add(stream: Http2Stream): void {
    this.#streams.use(stream.id);
    this.#streams.add(stream);
    if (!this.#streams.isLowOnIds || this.#isLowOnIds) return;
    this.#isLowOnIds = true;
    this.#observer.lowOnIds?.();
  }

  /** Streams that the peer has not seen, and will not look at: they may be tried again elsewhere (section 6.8). */
  #failAbove(lastId: number): void {
    for (const stream of [...this.#streams]) {
      if (stream.id <= lastId) continue;
      this.#queue.drop(stream.sending);
      this.#streams.forgetReset(stream.id);
      stream.fail(new Http2StreamError(stream.id, Code.REFUSED_STREAM, 'the peer did not take the stream'));
    }
  }

  #sayLast(): void {
    if (this.isClosed || this.#state === 'last') return;
    this.#state = 'last';
    this.#queue.control(goawayFrame(this.#lastPeerId(), Code.NO_ERROR));
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#state === 'last' && this.#streams.size === 0) this.#close(this.#reason, Code.NO_ERROR);
  }

  #close(error: Http2Error | undefined, code: number): void {
    this.#state = 'closed';
    this.#queue.close(goawayFrame(this.#lastPeerId(), code));
    const lost = error ?? new Http2ConnectionError(Code.CANCEL, 'the connection was closed');
    let thrown: unknown;
    for (const stream of [...this.#streams]) {
      stream.sending.abandon();
      this.#streams.forget(stream.id);
      try {
        stream.fail(lost);
      } catch (failure) {
        thrown = failure; // the other streams must hear of it all the same
      }
    }
    this.#observer.closed(error ?? (thrown === undefined ? undefined : internalError(thrown)));
  }

  /** The highest stream of the peer's that was looked at. In the client role there are none. */
  #lastPeerId(): number {
    return this.#role === 'server' ? this.#streams.highestId : 0;
  }
}

/** What is not the peer's doing: an observer threw. It costs this connection, and no other. */
function internalError(thrown: unknown): Http2ConnectionError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Http2ConnectionError(Code.INTERNAL_ERROR, message, { cause: thrown });
}
