/**
 * Where a visitor goes after sign-in or sign-out. `rd` is untrusted: it is kept byte for byte when it is clearly a path on
 * the base host or on a tunnel of this edge, and becomes `/` in any doubt. Nothing is decoded or repaired. The URL Standard
 * decides, because browsers parse `Location` by it.
 */
import { type BaseAddress, isTunnelName, tunnelOrigin } from '../../core/hostname.js';

/** A path of this edge to which a visitor may be redirected. */
export interface ReturnTarget {
  readonly place: 'base' | 'tunnel';
  /** The name of the tunnel; absent on the base host. */
  readonly name?: string;
  /** Path and query as written in `rd`, without a fragment. */
  readonly path: string;
}

const HOME = '/';

// Escaped, in the query of the start on the base host: the rest of a request head of 64 kB is for cookies and headers.
const MAX_ESCAPED_CHARS = 49_152;

// The characters that must be escaped in a query value. No others, so that a path does not grow to three times its length.
const ESCAPED = /[^\w\-.~:/?=@!$'()*,;]/g;

// The edge's own paths: returning to one would start another sign-in, or end this one. On a tunnel `/oauth2/` is the app's.
const OURS = { base: ['/oauth2', '/.postern'], tunnel: ['/.postern'] } as const;

// But for the page that asks whether an agent may sign in: it waits for the visitor to have signed in, and only asks.
const RESUMED = '/oauth2/authorize?';

// One slash, then the bytes of a request target, one code unit each: no controls, space, "#" or backslash (which browsers
// treat as a slash).
const PATH = /^\/(?!\/)[\x21\x22\x24-\x5b\x5d-\x7e\x80-\xff]*$/;

/** The target of `rd`: a path is on the base host; a URL must be of the base host or of a tunnel of this edge. */
export function readReturnTarget(rd: string | undefined, base: BaseAddress): ReturnTarget {
  const home: ReturnTarget = { place: 'base', path: HOME };
  const text = withoutFragment(rd ?? HOME);
  if (text.startsWith('/')) return { place: 'base', path: checkedPath(text, base.origin, OURS.base) };
  const prefix = `${base.scheme}://`;
  if (!text.startsWith(prefix)) return home;
  const [authority, path] = splitAuthority(text.slice(prefix.length));
  const baseAuthority = base.origin.slice(prefix.length);
  if (authority === baseAuthority) return { place: 'base', path: checkedPath(path, base.origin, OURS.base) };
  const name = authority.endsWith(`.${baseAuthority}`) ? authority.slice(0, -baseAuthority.length - 1) : '';
  if (!isTunnelName(name)) return home;
  return { place: 'tunnel', name, path: checkedPath(path, tunnelOrigin(base, name), OURS.tunnel) };
}

/** A path on the tunnel's own host, or `/`: for redirects that stay on that host. */
export function readReturnPath(rd: string | undefined): string {
  return checkedPath(withoutFragment(rd ?? HOME), 'https://host.invalid', OURS.tunnel);
}

/** A return path or URL as a query value, for an `rd` that `readReturnTarget` or `readReturnPath` reads again. */
export function queryValue(path: string): string {
  return path.replace(ESCAPED, encodeURIComponent);
}

// A request target has no fragment, but `rd` has one when a page puts `location.href` into it.
function withoutFragment(text: string): string {
  const at = text.indexOf('#');
  return at === -1 ? text : text.slice(0, at);
}

function splitAuthority(text: string): [authority: string, path: string] {
  const end = text.search(/[/?]/);
  if (end === -1) return [text, HOME];
  const path = text.slice(end);
  return [text.slice(0, end), path.startsWith('?') ? `/${path}` : path];
}

function checkedPath(path: string, origin: string, ours: readonly string[]): string {
  if (path.length > MAX_ESCAPED_CHARS || !PATH.test(path) || !URL.canParse(path, origin)) return HOME;
  if (queryValue(path).length > MAX_ESCAPED_CHARS) return HOME;
  const url = new URL(path, origin);
  // "/.//evil" resolves to the path "//evil": still on this origin, but read as a host by the next careless parser.
  if (url.origin !== origin || url.pathname.startsWith('//')) return HOME;
  if (ours === OURS.base && path.startsWith(RESUMED) && `${url.pathname}?` === RESUMED) return path;
  return ours.some((prefix) => isUnder(url.pathname, prefix)) ? HOME : path;
}

// As lenient as any router may be: encoded and capital letters are the same as plain ones.
function isUnder(pathname: string, prefix: string): boolean {
  const plain = pathname.replace(/%[2-7][0-9a-f]/gi, decodeURIComponent).toLowerCase();
  return plain === prefix || plain.startsWith(`${prefix}/`);
}
