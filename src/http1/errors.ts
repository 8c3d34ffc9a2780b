/** Malformed HTTP/1.1 messages (RFC 9112). The agent translates these errors to codes. */

/** A response that cannot be forwarded without guessing. Nothing more is read from its connection. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
  /** The response is a TLS record: the server expects TLS, and the request was plain HTTP. */
  readonly isTls: boolean = false;
}

/** A TLS alert (RFC 8446 section 6) in place of a response. */
export class TlsResponse extends MalformedResponse {
  override readonly isTls = true;
}

/** A request that cannot be written in HTTP/1.1. Nothing of it was sent. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest';
}

const MAX_QUOTED_CHARS = 80;

/** Text from the wire for an error message: quoted, shortened, with controls and bytes above 0x7E escaped. */
export function quoted(text: string): string {
  const beginning = text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text;
  return JSON.stringify(beginning).replace(/[\x7f-\xff]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16)}`);
}
