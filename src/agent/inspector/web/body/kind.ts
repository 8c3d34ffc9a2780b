/** Which views a body has, by its media type and its bytes. What a body claims to be is only a hint. */
import type { FormRow } from './form.js';

export type BodyKind = 'json' | 'form' | 'multipart' | 'image' | 'text' | 'binary';

// What `<img>` shows. SVG too: as an image it runs no script and loads nothing.
const IMAGES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/svg+xml',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]);

/** A media type without parameters, in lower case. */
export function mediaTypeOf(contentType: string | null): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

export function isImageType(type: string): boolean {
  return IMAGES.has(type);
}

export function bodyKind(contentType: string | null, body: Uint8Array): BodyKind {
  const type = mediaTypeOf(contentType);
  if (IMAGES.has(type)) return 'image';
  if (/^multipart\//.test(type)) return 'multipart';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (!isText(body)) return 'binary';
  return /[/+](?:json|json5)$/.test(type) || looksLikeJson(body) ? 'json' : 'text';
}

// A few control characters are binary. A sequence of UTF-8 that is cut at the end is not.
export function isText(body: Uint8Array): boolean {
  const start = body.subarray(0, 4_096);
  if (
    start.some(
      (byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c && byte !== 0x1b,
    )
  )
    return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false; // not UTF-8
  }
}

function looksLikeJson(body: Uint8Array): boolean {
  const start = new TextDecoder().decode(body.subarray(0, 64)).trimStart();
  return /^(?:\{\s*["}]|\[\s*(?:[\]{["\d-]|true|false|null))/.test(start);
}

/** The value of a header, whatever its case. */
export function headerOf(headers: readonly FormRow[], name: string): string | undefined {
  return headers.find(([one]) => one.toLowerCase() === name)?.[1];
}
