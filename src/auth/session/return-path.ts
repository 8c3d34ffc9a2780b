/**
 * Where a visitor goes after sign-in or sign-out. `rd` comes from anybody: it is kept byte for byte when it is plainly
 * a path on the base host or on a tunnel of this edge, and becomes `/` when there is any doubt. Nothing is decoded or
 * repaired. The URL Standard has the last word, because browsers read `Location` by it.
 */
import { type BaseAddress, isTunnelName, tunnelOrigin } from '../../core/hostname.js';

/** A place of this edge to which a visitor may be sent. */
export interface ReturnTarget {
  readonly place: 'base' | 'tunnel';
  /** The name of the tunnel; absent on the base host. */
  readonly name?: string;
  /** Path and query as they stood in `rd`, without a fragment. */
  readonly path: string;
}

const HOME = '/';

// Escaped, in the query of the start on the base host: what is left of a head of 64 kB is for cookies and other headers.
const MAX_ESCAPED_CHARS = 49_152;

// What cannot stand for itself in the value of a query. All else does: a path is not to grow to thrice its length.
const ESCAPED = /[^\w\-.~:/?=@!$'()*,;]/g;

// Paths of ours: returning to one would start another sign-in, or end the one just made. On a tunnel `/oauth2/` is the app's.
const OURS = { base: ['/oauth2', '/.postern'], tunnel: ['/.postern'] } as const;

// One slash, then what a request target holds: bytes, one code unit each, without controls, space, "#" and backslash
// (which browsers take for a slash).
const PATH = /^\/(?!\/)[\x21\x22\x24-\x5b\x5d-\x7e\x80-\xff]*$/;

/** The place that `rd` names: a path is on the base host, a URL must be of the base host or of a tunnel of this edge. */
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

/** A path on the host of the tunnel where it is used, or `/`: for redirects that stay on that host. */
export function readReturnPath(rd: string | undefined): string {
  return checkedPath(withoutFragment(rd ?? HOME), 'https://host.invalid', OURS.tunnel);
}

/** A return path or URL as the value of a query, for an `rd` that is read here again. */
export function queryValue(path: string): string {
  return path.replace(ESCAPED, encodeURIComponent);
}

// A server never sees the fragment of a request; a page that puts `location.href` into `rd` sends one all the same.
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
  // "/.//evil" resolves to the path "//evil": on this origin still, but one careless step from leaving it.
  if (url.origin !== origin || url.pathname.startsWith('//')) return HOME;
  return ours.some((prefix) => isUnder(url.pathname, prefix)) ? HOME : path;
}

// Read as loosely as any router might: encoded letters and capitals count as plain ones.
function isUnder(pathname: string, prefix: string): boolean {
  const plain = pathname.replace(/%[2-7][0-9a-f]/gi, decodeURIComponent).toLowerCase();
  return plain === prefix || plain.startsWith(`${prefix}/`);
}
