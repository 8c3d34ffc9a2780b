/** The SETTINGS that we send, and what is applied once the peer has acknowledged them (RFC 9113 section 6.5.3). */
import type { Buffer } from 'node:buffer';
import type { ConnectionLimits } from './connection-options.js';
import { Http2ConnectionError, Http2ErrorCode } from './errors.js';
import { CLIENT_PREFACE } from './frame/reader.js';
import { type Role, SettingId, settingsPayload } from './frame/settings.js';
import { settingsFrame } from './frame/writer.js';

export interface PrefaceOptions {
  readonly role: Role;
  readonly connectProtocol: boolean;
  readonly priorities: boolean;
  readonly limits: ConnectionLimits;
}

export class LocalSettings {
  readonly #send: (frame: Buffer) => void;
  readonly #now: () => number;
  readonly #unacknowledged: (() => void)[] = [];
  #isAcknowledged = false;

  constructor(send: (frame: Buffer) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  /** The peer has acknowledged the SETTINGS of the preface. */
  get isAcknowledged(): boolean {
    return this.#isAcknowledged;
  }

  /** Sends the connection preface (section 3.4). `acknowledged` is called with the round trip time of its SETTINGS. */
  sendPreface(options: PrefaceOptions, acknowledged: (roundTripMs: number) => void): void {
    const { role, limits, connectProtocol, priorities } = options;
    const entries: [number, number][] = [
      [SettingId.INITIAL_WINDOW_SIZE, limits.flow.initialStreamBytes],
      [SettingId.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
    ];
    if (role === 'client') {
      this.#send(CLIENT_PREFACE);
      entries.push([SettingId.ENABLE_PUSH, 0]);
    } else entries.push([SettingId.MAX_CONCURRENT_STREAMS, limits.maxStreams]);
    if (connectProtocol) entries.push([SettingId.ENABLE_CONNECT_PROTOCOL, 1]);
    if (priorities) entries.push([SettingId.NO_RFC7540_PRIORITIES, 1]);
    const sentMs = this.#now();
    this.#announce(entries, () => acknowledged(this.#now() - sentMs));
  }

  announceWindow(initialWindowBytes: number, acknowledged: () => void): void {
    this.#announce([[SettingId.INITIAL_WINDOW_SIZE, initialWindowBytes]], acknowledged);
  }

  /** Applies the oldest SETTINGS frame, which the peer has acknowledged. */
  acknowledged(): void {
    const apply = this.#unacknowledged.shift();
    if (apply === undefined) throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'nothing to acknowledge');
    this.#isAcknowledged = true;
    apply();
  }

  #announce(entries: readonly (readonly [number, number])[], acknowledged: () => void): void {
    this.#unacknowledged.push(acknowledged);
    this.#send(settingsFrame(settingsPayload(entries)));
  }
}
