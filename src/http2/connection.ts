/**
 * One HTTP/2 connection (RFC 9113), in either role: bytes in by `receive`, bytes out by the owner's `send`, streams in
 * between. Knows no socket; whoever owns one tells it what arrived, what was sent and when to end. This file puts the
 * parts together. Where the sections of the RFC are:
 *
 * - 3.4, 6.5 preface and SETTINGS: `local-settings.ts` (ours), `settings.ts` (the peer's)
 * - 4, 6 frames: `reader.ts` cuts, `payloads.ts` checks each alone, `incoming.ts` and `incoming-control.ts`
 *   know what they do; `header-block.ts` joins CONTINUATION; `hpack/` is RFC 7541
 * - 5.1 streams: `stream.ts`, `send-half.ts`, `receive-half.ts`; all of them: `streams.ts`, `stream-table.ts`
 * - 5.2, 6.9 flow control: `window.ts`; how much we take: `flow-control.ts`, what the path needs: `path-estimate.ts`, what slow
 *   readers may hold: `buffer-shares.ts`
 * - 5.4.1, 6.8 errors of the connection, GOAWAY: `shutdown.ts`; 10.5 floods: `flood-guard.ts`
 * - 8 messages: `field-syntax.ts` and `field-classifier.ts` (a field by itself), `message-fields.ts` and `regular-fields.ts`
 *   (lists), `message.ts` (order)
 * - what leaves: `send-queue.ts` (when), `frame-scheduler.ts` and `data-scheduler.ts` (in which order), `write-buffer.ts`, `writer.ts`
 */
import type { Buffer } from 'node:buffer';
import { type ConnectionOptions, withDefaults } from './connection-options.js';
import { Http2ConnectionError, type Http2Error, Http2ErrorCode, Http2StreamError } from './errors.js';
import { FloodGuard } from './flood-guard.js';
import { FlowControl } from './flow/flow-control.js';
import { FrameReader } from './frame/reader.js';
import { defaultSettings } from './frame/settings.js';
import { HpackDecoder } from './hpack/decoder.js';
import { HpackEncoder } from './hpack/encoder.js';
import { Incoming } from './incoming.js';
import { IncomingControl } from './incoming-control.js';
import { LocalSettings } from './local-settings.js';
import { FieldCache } from './message/field-classifier.js';
import { Pings } from './pings.js';
import { SendQueue } from './send/send-queue.js';
import { Shutdown } from './shutdown.js';
import type { Http2Stream } from './stream/stream.js';
import { StreamTable } from './stream/stream-table.js';
import { Streams } from './stream/streams.js';

export class Connection {
  readonly #peer = defaultSettings();
  readonly #queue: SendQueue;
  readonly #streams: Streams;
  readonly #pings: Pings;
  readonly #flow: FlowControl;
  readonly #shutdown: Shutdown;
  readonly #reader: FrameReader;
  // Who waits for the answer to a PING and must hear that none can come.
  readonly #pendingPings = new Set<() => void>();

  /** Sends the preface (section 3.4) at the end of this turn of the event loop. */
  constructor(options: ConnectionOptions) {
    const resolved = withDefaults(options);
    const { role, observer, send, schedule, now, limits, connectProtocol, neverIndexed } = resolved;
    const { maxStreams, maxHeaderListBytes, maxHeaderFields: maxFields } = limits;
    const peer = this.#peer;
    const floodGuard = new FloodGuard(limits.abuse, now);
    const encoder = new HpackEncoder({ neverIndexed });
    const tableSizeBytes = peer.headerTableBytes; // the default of both sides: a larger one costs each idle link
    const decoder = new HpackDecoder({ tableSizeBytes, maxListBytes: maxHeaderListBytes, maxFields });
    const failed = (error: unknown) => this.#shutdown.fail(error);
    const queue = new SendQueue({ encoder, send, schedule, floodGuard, failed });
    const control = (frame: Buffer) => queue.control(frame);
    const pings = new Pings(control, now);
    const local = new LocalSettings(control, now);
    const applyWindow = () => this.#flow.initialWindowApplied();
    const announce = (bytes: number) => local.announceWindow(bytes, applyWindow);
    const table = new StreamTable(role);
    const flow = new FlowControl({ limits: limits.flow, pings, send: control, announce, now, streams: table });
    const emptied = () => this.#shutdown.endIfIdle();
    const idsRunningLow = () => observer.idsRunningLow?.();
    const sentFields = new FieldCache(neverIndexed);
    const shared = { role, table, queue, flow, sendPool: limits.sendPool, sentFields, peer };
    const streams = new Streams({ ...shared, maxStreams, connectProtocol, emptied, idsRunningLow });
    const goaway = (error: Http2Error | undefined) => observer.goaway?.(error);
    const closed = (error: Http2Error | undefined) => {
      for (const connectionLost of this.#pendingPings) connectionLost();
      observer.closed(error);
    };
    const shutdown = new Shutdown({ role, streams, queue, pings, goaway, closed });
    const settingsReceived = () => {
      encoder.setPeerTableSize(peer.headerTableBytes);
      observer.settings?.();
    };
    const budget = floodGuard.controlFrames;
    const incomingControl = new IncomingControl({
      role,
      streams,
      queue,
      pings,
      shutdown,
      budget,
      local,
      peer,
      settingsReceived,
    });
    const parts = { role, streams, queue, flow, shutdown, floodGuard, decoder, control: incomingControl, observer };
    this.#queue = queue;
    this.#streams = streams;
    this.#pings = pings;
    this.#flow = flow;
    this.#shutdown = shutdown;
    this.#reader = new FrameReader(new Incoming({ ...parts, maxHeaderListBytes }), {
      preface: role === 'server',
    });
    local.sendPreface(resolved, (roundTripMs) => {
      applyWindow();
      flow.onIdleRoundTrip(roundTripMs);
    });
    flow.start();
  }

  /** How many streams are open. */
  get running(): number {
    return this.#streams.table.size;
  }

  /** How many streams the peer takes from us (MAX_CONCURRENT_STREAMS); without bound until it has said so. */
  get maxStreams(): number {
    return this.#peer.maxConcurrentStreams;
  }

  get isClosed(): boolean {
    return this.#shutdown.isClosed;
  }

  /** No new streams: one side drains, or it is over. */
  get isDraining(): boolean {
    return this.#shutdown.hasStarted;
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
      this.#shutdown.fail(error);
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
    if (this.isDraining)
      throw new Http2StreamError(0, Http2ErrorCode.REFUSED_STREAM, 'the connection takes no new streams');
    return this.#streams.open(fields, options);
  }

  /** Measures a round trip in milliseconds. Rejects when the connection ends first, or too many wait for a response. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const connectionLost = () =>
        reject(new Http2ConnectionError(Http2ErrorCode.CANCEL, 'no answer to a PING can come'));
      const traffic = this.#flow.trafficBytes;
      const acknowledged = (ms: number) => {
        this.#pendingPings.delete(connectionLost);
        if (traffic === this.#flow.trafficBytes) this.#flow.onIdleRoundTrip(ms);
        resolve(ms);
      };
      if (this.isClosed || !this.#pings.send(acknowledged)) connectionLost();
      else this.#pendingPings.add(connectionLost);
    });
  }

  /**
   * Takes no new streams (section 6.8) and ends when the running ones have. In the server role the last GOAWAY comes a
   * round trip after the first, so that requests on their way are not lost.
   */
  drain(): void {
    this.#shutdown.drain();
  }

  /** Ends the connection now: GOAWAY, and every running stream fails. Without effect when it has ended. */
  destroy(error?: Http2Error): void {
    this.#shutdown.destroy(error);
  }
}
