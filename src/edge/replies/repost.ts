/**
 * Forms that a page of a named origin posts to a tunnel as a top-level navigation: SAML's POST binding, OpenID Connect's
 * `form_post`. The browser leaves our `SameSite=Lax` cookie out of them, so they come without a session. The edge answers with
 * a page that posts the same fields once more, from the tunnel's own origin, and the browser sends the cookie along. Only for
 * origins that the tunnel's owner has named: for any other one this would turn a forgery into a request of the tunnel's own.
 */
import type { Visit, VisitRequest } from '../request/visit.js';
import type { Page } from './page.js';

// A SAML response is some ten kilobytes; what is larger is no sign-in.
export const MAX_FORM_BYTES = 262_144;

/**
 * A form of OAuth, or with a logout token. One that is no larger is read whatever others there are: strangers, who may post forms
 * without end, must not keep the token of a client from being refreshed, or a person from being signed out.
 */
export const MAX_SMALL_FORM_BYTES = 16_384;

// Of all forms that are being read at once: any page of a named origin may post one, without a session.
export const MAX_FORM_BYTES_OF_ALL = 8_388_608;

const MAX_READ_MS = 10_000;

// Each becomes an element of the page, many times as long as the two bytes that it may take in the form.
const MAX_FIELDS = 1_000;

const ASCII = /^[\x20-\x7e]*$/;

const FORM_TYPE = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i;

let heldBytes = 0;

/** Whether the request's body is one that can be posted again. Of `multipart/form-data` none is: it is for files. */
export function isRepeatable({ header }: Pick<VisitRequest, 'header'>): boolean {
  if (header['expect'] !== undefined || !FORM_TYPE.test(header['content-type'] ?? '')) return false;
  return Number(header['content-length'] ?? 0) <= MAX_FORM_BYTES;
}

/** Reads the fields of a form; undefined when it is too large, too slow, not UTF-8, or cannot stand in a page. */
export async function readForm(
  visit: Pick<Visit, 'observe'>,
  maxBytes = MAX_FORM_BYTES,
): Promise<readonly Field[] | undefined> {
  const body = await readBody(visit, maxBytes);
  return body === undefined ? undefined : parseForm(body);
}

/** The page that posts fields once more, to a path of its own host. */
export function repostPage(path: string, fields: readonly Field[]): Page {
  return {
    title: 'One moment',
    blocks: [
      { kind: 'text', text: 'This address takes over a form from another site. It goes on by itself.' },
      { kind: 'form', label: 'Go on', action: path, fields },
    ],
    facts: [],
  };
}

/** Reads a body as text; undefined when it is past a limit. What is left of it then stays unread. */
function readBody(visit: Pick<Visit, 'observe'>, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isDone = false;
    const finish = (text: string | undefined) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(late);
      heldBytes -= bytes;
      resolve(text);
    };
    const stop = () => finish(undefined);
    const late = setTimeout(stop, MAX_READ_MS);
    visit.observe({
      data: (chunk) => {
        if (isDone) return;
        bytes += chunk.length;
        heldBytes += chunk.length;
        chunks.push(chunk);
        const isCrowded = heldBytes > MAX_FORM_BYTES_OF_ALL && bytes > MAX_SMALL_FORM_BYTES;
        if (bytes > maxBytes || isCrowded) stop();
      },
      trailers: () => {},
      end: () => finish(Buffer.concat(chunks).toString('latin1')),
      drain: () => {},
      sent: stop,
      cancelled: stop,
    });
  });
}

type Field = readonly [name: string, value: string];

// Each field must come back as the same bytes: what is not UTF-8 would not, nor would a NUL, which no page can hold, nor
// `_charset_`, which browsers fill in themselves.
function parseForm(body: string): readonly Field[] | undefined {
  const pairs = body.split('&').filter((pair) => pair !== '');
  if (pairs.length > MAX_FIELDS || !ASCII.test(body)) return undefined;
  try {
    const fields = pairs.map(parseField);
    return fields.every(isPlain) ? fields : undefined;
  } catch {
    return undefined; // not percent-encoded UTF-8
  }
}

function parseField(pair: string): Field {
  const equals = pair.indexOf('=');
  return equals === -1 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
}

function isPlain([name, value]: Field): boolean {
  return name !== '' && name !== '_charset_' && !name.includes('\0') && !value.includes('\0');
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
