/**
 * Public paths (`--public-path 'POST /webhooks/*'`, `Postern-Public-Paths`): requests that a tunnel admits without a session.
 * They are compared with the bytes that are forwarded, and nothing is normalised. A path that two readers could read as two
 * paths (RFC 3986 sections 3.3 and 6.2) is never public: dot segments, encoded slashes, parameters, empty segments and the like.
 */
import type { RawHeaders } from './fields.js';
import { normalizedName } from './header-rules.js';

export interface PublicPath {
  /** Undefined for each of `PUBLIC_METHODS`. */
  readonly method: string | undefined;
  /** The whole path, or with `isPrefix` its beginning, which ends in a slash. */
  readonly path: string;
  readonly isPrefix: boolean;
}

/** The methods of a public path that names none: all that an app serves but OPTIONS, which `--preflight` is for. */
export const PUBLIC_METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The most of one tunnel. */
export const MAX_PUBLIC_PATHS = 20;

/** What a public path may be, as the end of a sentence. */
export const PUBLIC_PATH_WORDS =
  '"POST /webhooks/*", "GET /health" or "/feed.xml": a method or none, and a path that is exact or ends in "/*"';

const MAX_CHARS = 512;

// Commas separate them in `Postern-Public-Paths`. A star alone would be all of the tunnel, which the rule `public` is for.
const SYNTAX = /^(?:([A-Z]+) +)?(\/|(?:\/[\w.~!$&'()+=:@-]+)+(?:\/\*?)?)$/;

// The characters of a segment (RFC 3986 section 3.3) without `;`, and those percent-encoded ones that stand for visible ASCII
// and cannot be read as something else once more: not "%", ".", "/", ";", "?", "#" and "\".
const UNAMBIGUOUS =
  /^(?:\/(?:[\w.~!$&'()*+,=:@-]|%(?:2[0-2467-9a-dA-D]|3[0-9acdeACDE]|[46][0-9a-fA-F]|5[0-9abdefABDEF]|7[0-9a-eA-E]))+)*\/?$/;
const DOTS = /\.\.|\/\.(?:\/|$)/;
const QUERY = /^[\x21\x22\x24-\x7e]*$/;

// With these an app may serve another path or method than the one that was judged.
const OVERRIDES =
  /^(?:x-)?(?:original-(?:url|uri|path|method)|rewrite-(?:url|uri)|override-(?:url|method)|method-override|http-method(?:-override)?|http-(?:path|url)-override|envoy-original-path|waws-unencoded-url|script-name|path-info|request-(?:uri|method)|matched-path|invoke-path)$/;

/** Reads one. Anything that is not exactly a public path is undefined. */
export function parsePublicPath(text: string): PublicPath | undefined {
  const [, method, path = ''] =
    text.length > MAX_CHARS ? [] : (SYNTAX.exec(text.replace(/^[ \t]+|[ \t]+$/g, '')) ?? []);
  if (path === '' || (method !== undefined && !PUBLIC_METHODS.includes(method))) return undefined;
  const isPrefix = path.endsWith('/*');
  const judged = isPrefix ? path.slice(0, -1) : path;
  return DOTS.test(judged) ? undefined : { method, path: judged, isPrefix };
}

/** A public path as text, in its only spelling. */
export function formatPublicPath({ method, path, isPrefix }: PublicPath): string {
  return `${method === undefined ? '' : `${method} `}${path}${isPrefix ? '*' : ''}`;
}

/** The public path that a request is for. `path` has the query, as it is forwarded. */
export function findPublicPath(
  publicPaths: readonly PublicPath[],
  { method, path, headers }: { readonly method: string; readonly path: string; readonly headers: RawHeaders },
): PublicPath | undefined {
  const query = path.indexOf('?');
  const judged = query === -1 ? path : path.slice(0, query);
  const found = publicPaths.find((candidate) => matches(candidate, method, judged));
  if (found === undefined || !UNAMBIGUOUS.test(judged) || DOTS.test(judged)) return undefined;
  if (query !== -1 && !QUERY.test(path.slice(query + 1))) return undefined;
  return isOverridden(headers) ? undefined : found;
}

function matches({ method, path, isPrefix }: PublicPath, asked: string, judged: string): boolean {
  const isMethod = method === undefined ? PUBLIC_METHODS.includes(asked) : method === asked;
  return isMethod && (isPrefix ? judged.startsWith(path) : judged === path);
}

/** Whether a header names another path or method: an app may serve that instead of the one that was judged. */
export function isOverridden(headers: RawHeaders): boolean {
  return headers.some((name, at) => at % 2 === 0 && OVERRIDES.test(normalizedName(name)));
}
