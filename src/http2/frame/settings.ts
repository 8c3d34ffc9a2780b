/** SETTINGS: their identifiers, defaults and permitted values (RFC 9113 section 6.5, RFC 8441 section 3, RFC 9218 section 2.1). */
import { Buffer } from 'node:buffer';
import { Http2ConnectionError, Http2ErrorCode } from '../errors.js';
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES, MAX_31_BITS } from './types.js';

export const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

const MAX_FRAME_BYTES = 16_777_215;

/** The settings of the peer. ENABLE_PUSH is not stored: we never push. */
export interface Settings {
  headerTableBytes: number;
  maxConcurrentStreams: number;
  initialWindowBytes: number;
  maxFrameBytes: number;
  maxHeaderListBytes: number;
  connectProtocol: boolean;
  noRfc7540Priorities: boolean;
  /** No SETTINGS have been applied. */
  areInitial: boolean;
}

/** The initial values (section 6.5.2). */
export function defaultSettings(): Settings {
  return {
    headerTableBytes: 4_096,
    maxConcurrentStreams: Number.POSITIVE_INFINITY,
    initialWindowBytes: DEFAULT_WINDOW_BYTES,
    maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
    maxHeaderListBytes: Number.POSITIVE_INFINITY,
    connectProtocol: false,
    noRfc7540Priorities: false,
    areInitial: true,
  };
}

/**
 * Applies the payload of a SETTINGS frame, its entries in order (section 6.5.3). `sender` is the role of the peer. Throws
 * `Http2ConnectionError`.
 */
export function applySettings(settings: Settings, sender: Role, bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += 6) {
    applySetting(settings, sender, bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
  }
  settings.areInitial = false;
}

export type Role = 'client' | 'server';

function applySetting(settings: Settings, sender: Role, id: number, value: number): void {
  switch (id) {
    case SettingId.HEADER_TABLE_SIZE:
      settings.headerTableBytes = value;
      break;
    case SettingId.ENABLE_PUSH:
      assertPermitted(value === 0 || (value === 1 && sender === 'client'), 'ENABLE_PUSH', value);
      break;
    case SettingId.MAX_CONCURRENT_STREAMS:
      settings.maxConcurrentStreams = value;
      break;
    case SettingId.INITIAL_WINDOW_SIZE:
      assertPermitted(value <= MAX_31_BITS, 'INITIAL_WINDOW_SIZE', value, Http2ErrorCode.FLOW_CONTROL_ERROR);
      settings.initialWindowBytes = value;
      break;
    case SettingId.MAX_FRAME_SIZE:
      assertPermitted(value >= DEFAULT_MAX_FRAME_BYTES && value <= MAX_FRAME_BYTES, 'MAX_FRAME_SIZE', value);
      settings.maxFrameBytes = value;
      break;
    case SettingId.MAX_HEADER_LIST_SIZE:
      settings.maxHeaderListBytes = value;
      break;
    case SettingId.ENABLE_CONNECT_PROTOCOL:
      // A sender of 1 must not send 0 later (RFC 8441 section 3).
      assertPermitted(value === 1 || (value === 0 && !settings.connectProtocol), 'ENABLE_CONNECT_PROTOCOL', value);
      settings.connectProtocol = value === 1;
      break;
    case SettingId.NO_RFC7540_PRIORITIES:
      assertPermitted(
        settings.areInitial ? value <= 1 : value === Number(settings.noRfc7540Priorities),
        'NO_RFC7540_PRIORITIES',
        value,
      );
      settings.noRfc7540Priorities = value === 1;
      break;
    // Unknown settings are ignored (section 6.5.2).
  }
}

function assertPermitted(
  isPermitted: boolean,
  name: string,
  value: number,
  code: number = Http2ErrorCode.PROTOCOL_ERROR,
): void {
  if (!isPermitted) throw new Http2ConnectionError(code, `${name} of ${value}`);
}

/** The payload of a SETTINGS frame. */
export function settingsPayload(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  entries.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return payload;
}
