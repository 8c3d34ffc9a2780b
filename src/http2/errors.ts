/**
 * Error codes (RFC 9113 section 7) and the two scopes of an error (section 5.4). What a peer did wrong is thrown where it
 * is seen; the connection catches it, and answers a stream error with RST_STREAM and a connection error with GOAWAY.
 */

/** The error codes of RST_STREAM and GOAWAY frames. A peer may send codes that are not among them. */
export const Http2ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

const NAMES = new Map<number, string>(Object.entries(Http2ErrorCode).map(([name, code]) => [code, name]));

/** Either scope of error. `code` is what stands, or would stand, on the wire. */
export abstract class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(`${NAMES.get(code) ?? `code ${code}`}: ${message}`, options);
    this.code = code;
  }
}

/** Ends the connection and every stream on it (section 5.4.1). */
export class Http2ConnectionError extends Http2Error {
  override readonly name = 'Http2ConnectionError';
}

/** Ends one stream (section 5.4.2). */
export class Http2StreamError extends Http2Error {
  override readonly name = 'Http2StreamError';
  readonly streamId: number;

  constructor(streamId: number, code: number, message: string) {
    super(code, message);
    this.streamId = streamId;
  }
}

/** The peer has ended the stream (RST_STREAM, section 6.4), while the connection goes on. */
export class PeerResetError extends Http2StreamError {}
