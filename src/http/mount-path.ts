/**
 * Paths at which other servers than a tunnel's target are mounted (`--mount /api=8080`), and which of them a request is for. A path
 * is passed on as it came. One that its reader could take for the path of another server (RFC 3986 section 6.2: dot segments,
 * encoded characters, empty segments; parameters and backslashes, as some servers read them) is for none, and so is one that
 * leads upwards.
 */

/** What the path of a mount may be, as the end of a sentence. */
export const MOUNT_PATH_WORDS =
  'a path such as /api, with letters, digits and ._~!$&\'()*+:@- in it and no "." or ".." alone';

/** The most of one tunnel. */
export const MAX_MOUNTS = 20;

const MAX_CHARS = 256;

// Not "=" and ",", which end a path in `--mount`, nor what has two spellings.
const SYNTAX = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+:@-]+)+\/?$/;

// All that `readings` changes is in a path that has one of these.
const TWO_READINGS = /[%\\;]|\/\/|\/\.{1,2}(?:\/|$)/;

// An application that decodes more often than this decodes by mistake.
const MAX_DECODINGS = 4;

/** The path of a mount without a slash at its end; undefined for what is none, `/` among it, which is the target's. */
export function parseMountPath(text: string): string | undefined {
  if (text.length > MAX_CHARS || !SYNTAX.test(text)) return undefined;
  return text.endsWith('/') ? text.slice(0, -1) : text;
}

/** The longest mount that a path (with its query) is at or below: `''` for none, undefined when that is not certain. */
export function mountOf(path: string, mounts: readonly string[]): string | undefined {
  const query = path.indexOf('?');
  const asked = query === -1 ? path : path.slice(0, query);
  const found = longest(asked, mounts);
  if (!TWO_READINGS.test(asked)) return found;
  let reading = asked;
  for (let count = 0; count <= MAX_DECODINGS; count++) {
    const next = readAgain(reading);
    if (next === undefined || longest(next, mounts) !== found) return undefined;
    if (next === reading) return found;
    reading = next;
  }
  return undefined;
}

function longest(path: string, mounts: readonly string[]): string {
  let found = '';
  for (const mount of mounts) {
    const isBelow = path.startsWith(mount) && (path.length === mount.length || path[mount.length] === '/');
    if (isBelow && mount.length > found.length) found = mount;
  }
  return found;
}

// Decoded once, and normalised in the loosest way. Undefined for one that leads upwards: no browser sends that, and servers that
// resolve it before or after other changes come to different paths.
function readAgain(path: string): string | undefined {
  const decoded = path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const plain = decoded.replace(/[\t\n\r]/g, '').replaceAll('\\', '/');
  const segments: string[] = [];
  for (const segment of plain.split('/')) {
    const [name = ''] = segment.split(';', 1);
    if (name === '..') return undefined;
    if (name !== '' && name !== '.') segments.push(name);
  }
  return `/${segments.join('/')}`;
}
