/**
 * Who may frame a tunnel's documents (CSP Level 3, section 6.4.2): unless the app sends a policy itself, its own pages and
 * those of the origins that its owner has permitted. In a frame of another page the visitor could be made to click on what
 * they do not see.
 */
import type { RawHeaders } from '../../http/fields.js';

/** The `Content-Security-Policy` of a tunnel that these origins may frame besides its own. */
export function framingPolicy(origins: readonly string[]): string {
  return ["frame-ancestors 'self'", ...origins].join(' ');
}

// The media types, without parameters, that a browser displays as a document. Without a type it may display one, too.
const DOCUMENT = /^(?:text\/html|application\/pdf|[^;, ]+[/+]xml|application\/xhtml\+xml|text\/xsl)[ \t]*(?:[;,]|$)/i;
const FRAME_ANCESTORS = /(?:^|[;,])[ \t]*frame-ancestors(?:[ \t;,]|$)/i;
const FRAME_OPTIONS = /^(?:deny|sameorigin)$/i;

/**
 * Whether a response is a document whose app sends no framing policy. `headers` have lower-case names. A second policy could
 * only restrict the app's, but browsers ignore the app's `X-Frame-Options` beside ours.
 */
export function needsFraming({ status, headers }: { readonly status: number; readonly headers: RawHeaders }): boolean {
  // These display nothing, and the headers of a 304 replace those of the stored response.
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
