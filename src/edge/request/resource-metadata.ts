/**
 * The address of the metadata that describes a tunnel, or a path of it, as a protected resource (RFC 9728 section 3.1): the
 * well-known path, and behind it the path of the resource. Pure functions.
 */

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

// In a header and in JSON as it came: nothing that could end a quotation.
const PLAIN_PATH = /^(?:\/[\w.~!$&'()*+,;=:@%-]*)*$/;
const MAX_PATH_CHARS = 256;

/** Whether a path is that of such metadata, of whatever resource. */
export function isResourceMetadata(path: string): boolean {
  if (!path.startsWith(WELL_KNOWN)) return false;
  const next = path[WELL_KNOWN.length];
  return next === undefined || next === '/' || next === '?';
}

/** The resource that the metadata at a path is about, at the origin of a tunnel; undefined for a path that can be none. */
export function describedResource(origin: string, path: string): string | undefined {
  const suffix = plainPath(path.slice(WELL_KNOWN.length));
  return suffix === undefined ? undefined : origin + suffix;
}

/** The URL of the metadata of what is at a path; that of the whole tunnel where the path cannot be in a header. */
export function metadataUrl(origin: string, path: string): string {
  return `${origin}${WELL_KNOWN}${plainPath(path) ?? ''}`;
}

/** Without the query; `/` is the resource without a path. */
function plainPath(target: string): string | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (path === '/') return '';
  return path.length <= MAX_PATH_CHARS && PLAIN_PATH.test(path) ? path : undefined;
}
