/**
 * The one client of the edge's own authorization server, the command line: a public client (RFC 8252 section 8.4) that
 * returns to a loopback address only, and what it says of the machine that it runs on.
 */
import { printable } from '../../config/text.js';

/** The `client_id` of every agent. It is no secret and proves nothing. */
export const CLIENT_ID = 'postern';

/** What an agent says of where it runs: hostile text, cut, printable and without quotation marks. Empty when it says nothing. */
export interface Origin {
  readonly machine: string;
  /** The user of its operating system. */
  readonly user: string;
  /** The IP address of the request. */
  readonly address: string;
}

const MAX_SHOWN_CHARS = 64;

/** Reads `machine` and `user` of a request. */
export function readOrigin(parameters: ReadonlyMap<string, string>, address: string): Origin {
  const shown = (name: string) => shownText(parameters.get(name) ?? '');
  return { machine: shown('machine'), user: shown('user'), address };
}

/** A text of another party as the pages quote it: cut, printable and unable to end its quotation. */
export function shownText(text: string): string {
  const characters = [...text.slice(0, 2 * MAX_SHOWN_CHARS)];
  const isLong = characters.length > MAX_SHOWN_CHARS || text.length > 2 * MAX_SHOWN_CHARS;
  const cut = isLong ? `${characters.slice(0, MAX_SHOWN_CHARS).join('')}…` : text;
  return printable(cut).replace(/["“”„«»]/g, "'"); // the pages quote it: it must not end the quotation
}

// Compared as text, never parsed and repaired: a loopback IP address (RFC 8252 section 7.3), a port, and a plain path.
const REDIRECT_URI = /^http:\/\/(?:127\.0\.0\.1|\[::1\]):([1-9]\d{0,4})(?:\/[\w.~/-]{0,200})?$/;

/** Whether an authorization response may go to this URI: `http://127.0.0.1:<port>/…` or `http://[::1]:<port>/…`. */
export function isRedirectUri(text: string): boolean {
  const port = REDIRECT_URI.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}

// RFC 7636 section 4.2: SHA-256 in base64url.
const CHALLENGE = /^[\w-]{43}$/;
const VERIFIER = /^[\w.~-]{43,128}$/;

export function isCodeChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

export function isCodeVerifier(text: string): boolean {
  return VERIFIER.test(text);
}
