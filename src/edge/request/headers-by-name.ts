/**
 * The headers of a visitor's request by their lower-case names, as `node:http` gives them and with the same rules for
 * repeated ones, for every version of HTTP. It looks a name up by its spelling instead of lower-casing it for each request.
 */
import { RecentMap } from '../../core/recent-map.js';

/** What happens to a second line of a name: it is joined with a comma, a cookie with a semicolon, listed, or dropped. */
type Repeated = 'join' | 'cookie' | 'set-cookie' | 'drop';

interface Name {
  readonly lower: string;
  readonly repeated: Repeated;
}

// The list is Node's: https://nodejs.org/api/http.html#messageheaders
const DROPPED = [
  ...['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since'],
  ...['if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer'],
  ...['retry-after', 'server', 'user-agent'],
];
const REPEATED: ReadonlyMap<string, Repeated> = new Map([
  ...DROPPED.map((name) => [name, 'drop'] as const),
  ['cookie', 'cookie'],
  ['set-cookie', 'set-cookie'],
]);

const MAX_NAMES = 1_000;
const MAX_CHARACTERS = 64;
const names = new RecentMap<Name>(MAX_NAMES, MAX_CHARACTERS);

/** Header values by lower-case name; only `set-cookie` is a list. */
export function headersByName(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const { lower, repeated } = nameOf(raw[at] as string);
    const value = raw[at + 1] as string;
    const former = headers[lower];
    if (Array.isArray(former)) former.push(value);
    else if (repeated === 'set-cookie') headers[lower] = [value];
    else if (typeof former !== 'string') headers[lower] = value;
    else if (repeated !== 'drop') headers[lower] = `${former}${repeated === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}

function nameOf(spelling: string): Name {
  const known = names.get(spelling);
  if (known !== undefined) return known;
  const lower = spelling.toLowerCase();
  const name: Name = { lower, repeated: REPEATED.get(lower) ?? 'join' };
  names.set(spelling, name);
  return name;
}
