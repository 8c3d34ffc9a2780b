/** What is wrong with a message of HTTP/1.1, in the words of RFC 9112. Whoever speaks for a hop translates it. */

/** What came is no response that can be carried on without guessing. Nothing more is read from that connection. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
  /** It is a record of TLS: the sender expects TLS, and was asked in plain text. */
  readonly isTls: boolean = false;
}

/** A TLS alert (RFC 8446 section 6) in place of a response. */
export class TlsResponse extends MalformedResponse {
  override readonly isTls = true;
}

/** What was to be sent cannot be said in HTTP/1.1. Nothing of it has left. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest';
}

const MAX_QUOTED_CHARS = 80;

/** Text from the wire for the message of an error: in quotes, controls and bytes above 0x7E spelled out, not too long. */
export function quoted(text: string): string {
  const beginning = text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text;
  return JSON.stringify(beginning).replace(/[\x7f-\xff]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16)}`);
}
