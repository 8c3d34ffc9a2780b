/**
 * A visitor's request, which finds its headers by name more than twice as fast as `node:http` does and gives the same ones:
 * it looks a name up by its spelling instead of lower-casing it for each request (docs/dependencies.md has figures).
 */
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { RecentMap } from '../../../core/recent-map.js';

/** What `node:http` does with a second line of a name: `join` with a comma, cookies with a semicolon, or drop it. */
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

const HEADERS = Symbol('headers');

/** For `createServer({ IncomingMessage })`. */
export class VisitorRequest extends IncomingMessage {
  declare [HEADERS]?: IncomingHttpHeaders; // made when it is asked for, and not with each request
}

// Not in the class: TypeScript knows `headers` as a property, which no accessor may replace.
Object.defineProperty(VisitorRequest.prototype, 'headers', {
  get(this: VisitorRequest): IncomingHttpHeaders {
    this[HEADERS] ??= headersByName(this.rawHeaders);
    return this[HEADERS];
  },
  set(this: VisitorRequest, headers: IncomingHttpHeaders) {
    this[HEADERS] = headers;
  },
});

function headersByName(raw: readonly string[]): IncomingHttpHeaders {
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
