/**
 * Who may frame a tunnel's documents (CSP Level 3, section 6.4.2): where the app does not say so itself, its own pages and
 * those of the origins that its owner has named. A frame of somebody else's page makes the visitor click on what they do not see.
 */
import type { RawHeaders } from '../../http/fields.js';

/** The `Content-Security-Policy` of a tunnel, whose documents these origins may frame besides its own. */
export function framingPolicy(origins: readonly string[]): string {
  return ["frame-ancestors 'self'", ...origins].join(' ');
}

// What a browser shows as a document, by its type without parameters; what has no type it may take for one.
const DOCUMENT = /^(?:text\/html|application\/pdf|[^;, ]+[/+]xml|application\/xhtml\+xml|text\/xsl)[ \t]*(?:[;,]|$)/i;
const FRAME_ANCESTORS = /(?:^|[;,])[ \t]*frame-ancestors(?:[ \t;,]|$)/i;
const FRAME_OPTIONS = /^(?:deny|sameorigin)$/i;

/**
 * Whether a response shows a document whose app says nothing about framing. `headers` have lower-case names. A policy more
 * would only narrow what the app says by another one, but beside one browsers ignore `X-Frame-Options`.
 */
export function needsFraming({ status, headers }: { readonly status: number; readonly headers: RawHeaders }): boolean {
  // These show nothing, and what a 304 says is taken for what the stored response has said.
  if (status < 200 || status === 204 || status === 205 || status === 304) return false;
  let isDocument = true;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    const value = headers[at + 1] as string;
    if (name === 'content-type') isDocument = DOCUMENT.test(value);
    else if (name === 'content-security-policy' && FRAME_ANCESTORS.test(value)) return false;
    else if (name === 'x-frame-options' && FRAME_OPTIONS.test(value)) return false;
  }
  return isDocument;
}
