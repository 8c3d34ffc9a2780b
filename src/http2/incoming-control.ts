/**
 * Applies received frames to the connection: SETTINGS, PING and GOAWAY (RFC 9113 sections 6.5, 6.7 and 6.8), and
 * PRIORITY_UPDATE (RFC 9218 section 7.1), and ignores PRIORITY and unknown frames. Each of them counts against the peer's budget.
 */
import type { Buffer } from 'node:buffer';
import { Http2ConnectionError, Http2ErrorCode } from './errors.js';
import type { Budget } from './flood-guard.js';
import type { ControlFrames } from './frame/payloads.js';
import { applySettings, type Role, type Settings } from './frame/settings.js';
import { FrameFlag } from './frame/types.js';
import { pingFrame, settingsAckFrame } from './frame/writer.js';
import type { LocalSettings } from './local-settings.js';
import type { Pings } from './pings.js';
import type { SendQueue } from './send/send-queue.js';
import type { Shutdown } from './shutdown.js';
import type { Priorities } from './stream/priorities.js';
import type { Streams } from './stream/streams.js';

export interface IncomingControlOptions {
  readonly role: Role;
  readonly streams: Streams;
  readonly queue: SendQueue;
  readonly pings: Pings;
  readonly shutdown: Shutdown;
  readonly budget: Budget;
  /** Our SETTINGS, which the peer acknowledges. */
  readonly local: LocalSettings;
  /** The peer's SETTINGS. */
  readonly peer: Settings;
  /** Absent: what the peer signals is ignored. */
  readonly priorities: Priorities | undefined;
  /** Called after `peer` has changed. */
  readonly settingsReceived: () => void;
}

export class IncomingControl implements ControlFrames {
  readonly #options: IncomingControlOptions;
  #hasSettings = false;

  constructor(options: IncomingControlOptions) {
    this.#options = options;
  }

  onPriority(): void {
    this.#options.budget.spend();
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    const { budget, queue, streams, peer, role } = this.#options;
    // A change of the initial window costs work for every stream, so a frame counts for more when there are many.
    budget.spend(1 + streams.table.size / 100);
    const before = peer.initialWindowBytes;
    applySettings(peer, role === 'client' ? 'server' : 'client', bytes, start, end);
    this.#applySettingsDelta(peer.initialWindowBytes - before);
    queue.control(settingsAckFrame());
    this.#hasSettings = true;
    this.#options.settingsReceived();
  }

  onSettingsAck(): void {
    if (!this.#hasSettings) {
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'an acknowledgement before any SETTINGS');
    }
    this.#options.local.acknowledged();
  }

  onPing(flags: number, bytes: Buffer, start: number): void {
    const { budget, role, queue, pings, shutdown } = this.#options;
    budget.spend();
    if ((flags & FrameFlag.ACK) !== 0) {
      pings.acknowledge(bytes, start);
      return;
    }
    const ack = pingFrame(FrameFlag.ACK, bytes, start);
    // A server that leaves takes it for the sign that it has seen every request which was on its way (RFC 9113 section 6.8).
    if (role === 'client' && shutdown.hasStarted) queue.behindHeads(ack);
    else queue.control(ack);
  }

  onGoaway(lastStreamId: number, code: number): void {
    this.#options.budget.spend();
    this.#options.shutdown.receiveGoaway(lastStreamId, code);
  }

  /** RFC 9218 section 7.1. */
  onPriorityUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    const { budget, role, priorities, queue, streams } = this.#options;
    budget.spend();
    if (role === 'client' || id % 2 === 0)
      throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, `PRIORITY_UPDATE for stream ${id}`);
    if (priorities === undefined) return;
    const priority = priorities.parse(bytes.toString('latin1', start, end));
    const stream = streams.table.get(id);
    if (stream !== undefined) queue.prioritize(stream.sending, priority);
    else if (streams.table.closedState(id) === 'idle') priorities.keep(id, priority);
  }

  onUnknown(): void {
    this.#options.budget.spend();
  }

  /** Section 6.9.2: a new INITIAL_WINDOW_SIZE also applies to open streams. */
  #applySettingsDelta(change: number): void {
    if (change === 0) return;
    const { streams, queue } = this.#options;
    for (const { sending } of streams.table) {
      if (sending.window.increase(change) === 'overflow') {
        throw new Http2ConnectionError(
          Http2ErrorCode.FLOW_CONTROL_ERROR,
          'INITIAL_WINDOW_SIZE takes a window past 2^31-1',
        );
      }
      queue.wake(sending);
    }
  }
}
