/** The constants of the frame layout (RFC 9113 sections 4.1 and 6). */

/** Length (24 bits), type (8), flags (8), a reserved bit and the stream identifier (31). */
export const FRAME_HEADER_BYTES = 9;

/** The largest payload that every endpoint accepts by default (section 4.2). We never announce more. */
export const DEFAULT_MAX_FRAME_BYTES = 16_384;

/** The largest flow-control window (section 6.9.1) and the largest stream identifier (section 5.1.1). */
export const MAX_31_BITS = 0x7fff_ffff;

/** The initial flow-control window of a stream and of the connection (section 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  PRIORITY_UPDATE: 0x10, // RFC 9218 section 7.1
} as const;

/** Flags. `ACK` (SETTINGS, PING) and `END_STREAM` (DATA, HEADERS) are the same bit. */
export const FrameFlag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;
