/**
 * One HTTP/2 connection (RFC 9113), in either role: bytes in by `receive`, bytes out by the owner's `send`, streams in
 * between. It knows no socket: its owner reports what arrived, what was sent and when to end. This file puts the parts
 * together. Where the sections of the RFC are:
 *
 * - 3.4, 6.5 preface and SETTINGS: `local-settings.ts` (ours), `frame/settings.ts` (the peer's)
 * - 4, 6 frames: `frame/reader.ts` splits, `frame/payloads.ts` checks each by itself, `incoming.ts` and
 *   `incoming-control.ts` apply them; 4.3, 6.10 field blocks: `frame/field-block.ts`, and `hpack/` for RFC 7541
 * - 5.1 stream states: `stream/stream.ts` with `send/send-half.ts` and `stream/receive-half.ts`; 5.1.1, 5.1.2 identifiers
 *   and concurrency: `stream/stream-table.ts`, `stream/streams.ts`
 * - 5.2, 6.9 flow control: `flow/window.ts`; the windows that we grant: `flow/flow-control.ts`, what the path needs:
 *   `flow/path-estimate.ts`, what slow readers may hold: `flow/buffer-shares.ts`
 * - 5.4.1, 6.8 connection errors and GOAWAY: `shutdown.ts`; 6.7 PING: `pings.ts`; 7 error codes: `errors.ts`
 * - 8 messages: `message/field-syntax.ts` and `message/field-classifier.ts` (one field), `message/message-fields.ts` and
 *   `message/regular-fields.ts` (lists), `message/message.ts` (order)
 * - 10.5 floods: `flood-guard.ts`; slow peers: `clocks.ts`, `stalls.ts`
 * - sending: `send/send-queue.ts` (when), `send/frame-scheduler.ts`, `send/data-scheduler.ts` and, by priority (RFC 9218),
 *   `send/urgency-level.ts` and `stream/priorities.ts` (in which order),
 *   `send/write-buffer.ts` and `frame/writer.ts` (as bytes)
 */
import type { Buffer } from 'node:buffer';
import { BytePool } from './byte-pool.js';
import { Clocks } from './clocks.js';
import { type ConnectionLimits, type ConnectionOptions, reporterOf, withDefaults } from './connection-options.js';
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
import { Priorities } from './stream/priorities.js';
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
  // For each PING of the owner's that is not acknowledged: rejects its promise when the connection ends.
  readonly #pendingPings = new Set<() => void>();
  readonly #clocks: Clocks | undefined;

  /** Sends the preface (section 3.4) at the end of this turn of the event loop. */
  constructor(options: ConnectionOptions) {
    const complete = withDefaults(options);
    const { role, observer, now, limits, connectProtocol, neverIndexed } = complete;
    const { send, headroomBytes, schedule, awaitsPreface: isHeld } = complete;
    const { maxStreams } = limits;
    const peer = this.#peer;
    const floodGuard = new FloodGuard(limits.abuse, now, complete.sharedBudgets);
    const encoder = new HpackEncoder({ neverIndexed });
    const failed = (error: unknown) => this.#shutdown.fail(error);
    const threw = reporterOf(observer);
    const tell = (event: () => void) => attempt(event, threw);
    const queue = new SendQueue({ encoder, send, headroomBytes, schedule, floodGuard, failed, isHeld });
    const control = (frame: Buffer) => queue.control(frame);
    const pings = new Pings(control, now);
    const local = new LocalSettings(control, now);
    const table = new StreamTable(role);
    const priorities = complete.priorities && role === 'server' ? new Priorities(table, maxStreams) : undefined;
    const applied = () => this.#flow.initialWindowApplied();
    const announce = (bytes: number) => local.announceWindow(bytes, applied);
    const flow = new FlowControl({ limits: limits.flow, pings, send: control, announce, now, streams: table });
    const streams = new Streams({
      ...{ role, table, queue, flow, peer, maxStreams, connectProtocol, priorities },
      sendLimits: { pool: sendPoolOf(limits), maxBlockedBytes: limits.maxBlockedBytes, window: queue.window },
      sentFields: new FieldCache(neverIndexed),
      emptied: () => this.#shutdown.endIfIdle(),
      observerThrew: threw,
      idsRunningLow: () => tell(() => observer.idsRunningLow?.()),
    });
    const shutdown = new Shutdown({
      ...{ role, streams, queue, pings, maxStreams },
      goaway: (error) => tell(() => observer.goaway?.(error)),
      finalGoaway: () => tell(() => observer.finalGoaway?.()),
      closed: (error) => {
        for (const reject of this.#pendingPings) reject();
        this.#reader.discard();
        incoming.discard();
        tell(() => observer.closed(error));
      },
    });
    const incomingControl = new IncomingControl({
      ...{ role, streams, queue, pings, shutdown, local, peer, priorities },
      budget: floodGuard.controlFrames,
      settingsReceived: () => {
        encoder.setPeerTableSize(peer.headerTableBytes);
        tell(() => observer.settings?.());
      },
    });
    const decoder = createDecoder(limits);
    const parts = { role, streams, queue, flow, shutdown, floodGuard, decoder, control: incomingControl, observer };
    this.#queue = queue;
    this.#streams = streams;
    this.#pings = pings;
    this.#flow = flow;
    this.#shutdown = shutdown;
    const incoming = new Incoming({ ...parts, limits });
    this.#reader = new FrameReader(incoming, {
      preface: role === 'server',
      prefaceRead: () => queue.release(),
      pool: limits.unfinishedPool,
    });
    local.sendPreface(complete, (roundTripMs) => {
      applied();
      flow.onIdleRoundTrip(roundTripMs);
    });
    flow.start();
    if (options.timeLimits === undefined) return;
    const clocked = { reader: this.#reader, incoming, local, streams, queue, pings, shutdown };
    const overdue = () => tell(() => observer.overdue?.());
    this.#clocks = new Clocks({ ...clocked, limits: complete.timeLimits, now, overdue });
  }

  /** How many streams are open. */
  get running(): number {
    return this.#streams.table.size;
  }

  /** How many streams there have been. */
  get requests(): number {
    return (this.#streams.table.highestId + 1) >> 1;
  }

  /** How many streams the peer permits (MAX_CONCURRENT_STREAMS); infinite until its SETTINGS have arrived. */
  get maxStreams(): number {
    return this.#peer.maxConcurrentStreams;
  }

  get isClosed(): boolean {
    return this.#shutdown.isClosed;
  }

  /** No new streams are opened: one side has sent GOAWAY, or the connection has ended. */
  get isDraining(): boolean {
    return this.#shutdown.hasStarted;
  }

  /** Whether the peer has announced extended CONNECT (RFC 8441); undefined until its SETTINGS have arrived. */
  get canConnect(): boolean | undefined {
    return this.#peer.areInitial ? undefined : this.#peer.connectProtocol;
  }

  /**
   * Checks the time limits. An owner that has set some calls it every few seconds, from the start until its transport is
   * closed. Never throws.
   */
  tick(): void {
    this.#clocks?.tick();
  }

  /** Processes bytes that arrived. Streams are given parts of `chunk`, so it must not be written to again. Never throws. */
  receive(chunk: Buffer): void {
    if (this.isClosed) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      this.#shutdown.fail(error);
    }
  }

  /**
   * Reports that so many of the bytes that `send` was given have left the owner's buffers, or were copied: they are
   * overwritten with what is sent next, on this connection or another. What was lost must not be reported.
   */
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

  /** Measures a round trip in milliseconds. Rejects when the connection ends first, or too many PINGs are pending. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Http2ConnectionError(Http2ErrorCode.CANCEL, 'no answer to a PING can come'));
      const traffic = this.#flow.trafficBytes;
      const acknowledged = (ms: number) => {
        this.#pendingPings.delete(fail);
        if (traffic === this.#flow.trafficBytes) this.#flow.onIdleRoundTrip(ms);
        resolve(ms);
      };
      if (this.isClosed || !this.#pings.send(acknowledged)) fail();
      else this.#pendingPings.add(fail);
    });
  }

  /**
   * Opens and accepts no new streams (section 6.8) and ends after the running ones. In the server role the final GOAWAY
   * follows the first by a round trip, so that requests in flight are not lost.
   */
  drain(): void {
    this.#shutdown.drain();
  }

  /** Client role: tells the server that this connection will be left soon; nothing else changes. */
  notice(): void {
    this.#shutdown.notice();
  }

  /** Ends the connection now: GOAWAY, and every open stream fails. A no-op once it has ended. */
  destroy(error?: Http2Error): void {
    this.#shutdown.destroy(error);
  }
}

function attempt(run: () => void, failed: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    failed(error);
  }
}

/** What counts bytes that wait to be sent: a bound of this connection, below that of all, or only the latter. */
function sendPoolOf({ maxSendBytes, sendPool }: ConnectionLimits): BytePool | undefined {
  return maxSendBytes === Number.POSITIVE_INFINITY ? sendPool : new BytePool(maxSendBytes, sendPool);
}

// With the table size that both sides start with: a larger table would cost memory on each idle connection.
function createDecoder({ maxHeaderListBytes, maxHeaderFields }: ConnectionLimits): HpackDecoder {
  const tableSizeBytes = defaultSettings().headerTableBytes;
  return new HpackDecoder({ tableSizeBytes, maxListBytes: maxHeaderListBytes, maxFields: maxHeaderFields });
}
