/**
 * The head of a visitor's request, as HTTP/2 brings it and the door needs it (RFC 9113 section 8.3): pseudo-fields apart from
 * headers, one host, and the crumbs of `cookie` in one piece. The engine has checked the syntax of every field.
 */
import type { RawHeaders } from '../../../http/fields.js';
import type { CookieCrumbs } from './cookie-crumbs.js';

export interface Http2Head {
  readonly method: string;
  readonly scheme: string;
  /** Of `:authority`, or of `host` where a client sends only that; undefined when there is none, or two that differ. */
  readonly authority: string | undefined;
  readonly path: string;
  readonly protocol: string | undefined;
  /** Without `host`. */
  readonly headers: RawHeaders;
  /** More than one `content-length`, even if they agree: HTTP/1.1 has no such request (RFC 9112 section 6.3). */
  readonly hasTwoLengths: boolean;
  /** Of the whole list, counted as in section 6.5.2. */
  readonly bytes: number;
}

/** Reads a field list. Allocates one list for a request whose cookies come in one piece. */
export function readHead(fields: readonly string[], crumbs: CookieCrumbs): Http2Head {
  let method = '';
  let scheme = '';
  let path = '';
  let authority: string | undefined;
  let protocol: string | undefined;
  let bytes = 16 * fields.length;
  let at = 0;
  for (; at < fields.length && (fields[at] as string).charCodeAt(0) === COLON; at += 2) {
    const value = fields[at + 1] as string;
    bytes += value.length + PSEUDO_NAME_BYTES;
    switch (fields[at]) {
      case ':method':
        method = value;
        break;
      case ':scheme':
        scheme = value;
        break;
      case ':authority':
        authority = value;
        break;
      case ':path':
        path = value;
        break;
      case ':protocol':
        protocol = value;
    }
  }
  const regular = new RegularFields(fields, at, crumbs);
  return {
    ...{ method, scheme, path, protocol },
    authority: regular.authority(authority),
    headers: regular.headers,
    hasTwoLengths: regular.lengths > 1,
    bytes: bytes + regular.bytes,
  };
}

const COLON = 0x3a;
const PSEUDO_NAME_BYTES = 8; // more or less

/** What the fields behind the pseudo-fields say. */
class RegularFields {
  readonly headers: RawHeaders;
  lengths = 0;
  bytes = 0;
  #host: string | undefined;
  #hosts = 0;

  constructor(fields: readonly string[], start: number, crumbs: CookieCrumbs) {
    let cookies = 0;
    for (let at = start; at < fields.length; at += 2) {
      this.bytes += (fields[at] as string).length + (fields[at + 1] as string).length;
      switch (fields[at]) {
        case 'cookie':
          cookies += 1;
          break;
        case 'content-length':
          this.lengths += 1;
          break;
        case 'host':
          this.#hosts += 1;
          this.#host = fields[at + 1];
      }
    }
    const needsChange = this.#hosts > 0 || cookies > 1;
    this.headers = needsChange ? changed(fields, start, crumbs) : fields.slice(start);
  }

  /** RFC 9113 section 8.3.1: `host` must say the same, where it says something. */
  authority(authority: string | undefined): string | undefined {
    if (this.#hosts === 0) return authority;
    if (this.#hosts > 1) return undefined;
    const isSame = authority === undefined || authority.toLowerCase() === this.#host?.toLowerCase();
    return isSame ? this.#host : undefined;
  }
}

function changed(fields: readonly string[], start: number, crumbs: CookieCrumbs): string[] {
  const cookie = crumbs.join(fields, start);
  const headers: string[] = [];
  let hasCookie = false;
  for (let at = start; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (name === 'host' || (name === 'cookie' && hasCookie)) continue;
    if (name === 'cookie') hasCookie = true;
    headers.push(name, name === 'cookie' ? cookie : (fields[at + 1] as string));
  }
  return headers;
}
