/**
 * Finds the URLs in the value of a field and replaces the scheme and authority of some; every other byte stays. Pure, and
 * linear in the length of the value, which is hostile. The caller decides which URLs are replaced.
 */

/**
 * Where URLs are in a value: `reference`, it is a URL reference (RFC 3986 section 4.1); `refresh`, after a time; `bracketed`,
 * between `<` and `>` (`Link`, `If`); `tokens`, among other words and quoted strings.
 */
export type UrlSyntax = 'reference' | 'refresh' | 'bracketed' | 'tokens';

/**
 * What replaces a URL's scheme and authority, `https://host`; undefined leaves them unchanged. The scheme is in lower
 * case, and undefined where the URL has none (`//host/path`).
 */
export type ReplaceOrigin = (scheme: string | undefined, authority: string) => string | undefined;

const ABSOLUTE = /^(?:(https?|wss?):)?\/\/([^/?#\\"']+)(.*)$/is;
const REFRESH = /^([\d.]*[ \t;,]*(?:url[ \t]*=[ \t]*)?["']?)(.*)$/is;
const TOKEN = /(?<![^ \t,;"'()])(?:https?|wss?):\/\/[^ \t,;"'()]+/gi;

/** The value with the origin of its URLs replaced. */
export function replaceOrigins(syntax: UrlSyntax, value: string, replace: ReplaceOrigin): string {
  if (!value.includes('//')) return value; // nearly all values: no authority
  if (syntax === 'reference') return replaceOrigin(value, replace);
  if (syntax === 'bracketed') return replaceBracketed(value, replace);
  if (syntax === 'tokens') return value.replace(TOKEN, (url) => replaceOrigin(url, replace));
  const [, time = '', url = ''] = REFRESH.exec(value) ?? [];
  return time + replaceOrigin(url, replace);
}

function replaceOrigin(url: string, replace: ReplaceOrigin): string {
  const match = ABSOLUTE.exec(url);
  if (match === null) return url;
  const [, scheme, authority = '', rest = ''] = match;
  const origin = replace(scheme?.toLowerCase(), authority);
  return origin === undefined ? url : origin + rest;
}

// Text in quotes (a title of `Link`) or in parentheses (the states of `If`) is not a reference.
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['(', ')'],
  ['<', '>'],
]);

function replaceBracketed(value: string, replace: ReplaceOrigin): string {
  let changed = '';
  for (let at = 0; at < value.length; ) {
    const closing = CLOSING.get(value[at] as string); // `at` is below the length
    const end = closing === undefined ? at + 1 : value.indexOf(closing, at + 1) + 1;
    if (end === 0) return changed + value.slice(at);
    const piece = value.slice(at, end);
    changed += closing === '>' ? `<${replaceOrigin(piece.slice(1, -1), replace)}>` : piece;
    at = end;
  }
  return changed;
}
