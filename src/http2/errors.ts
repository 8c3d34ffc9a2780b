/**
 * Error codes (RFC 9113 section 7) and the two kinds of errors (section 5.4). An error of the peer is thrown where it is
 * detected; the connection catches it and sends RST_STREAM for a stream error, GOAWAY for a connection error.
 */

/** The error codes of RST_STREAM and GOAWAY. A peer may send other codes. */
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

const NAMES = new Map<number, keyof typeof Http2ErrorCode>(
  Object.entries(Http2ErrorCode).map(([name, code]) => [code, name as keyof typeof Http2ErrorCode]),
);

/** The name of an error code; undefined for one that the RFC does not have. */
export function http2ErrorName(code: number): keyof typeof Http2ErrorCode | undefined {
  return NAMES.get(code);
}

/** An error of either kind. `code` is its code on the wire. */
export abstract class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(`${NAMES.get(code) ?? `code ${code}`}: ${message}`, options);
    this.code = code;
  }
}

/** A connection error: it ends the connection and every stream on it (section 5.4.1). */
export class Http2ConnectionError extends Http2Error {
  override readonly name = 'Http2ConnectionError';
}

/** A stream error: it ends one stream (section 5.4.2). */
export class Http2StreamError extends Http2Error {
  override readonly name = 'Http2StreamError';
  readonly streamId: number;

  constructor(streamId: number, code: number, message: string) {
    super(code, message);
    this.streamId = streamId;
  }
}

/** A request is malformed (section 8.1.1): a server may still respond to it. */
export class MalformedRequest extends Http2StreamError {}

/** The peer has reset the stream (RST_STREAM, section 6.4). */
export class PeerResetError extends Http2StreamError {}
