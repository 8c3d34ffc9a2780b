/**
 * What `Cache-Control` permits shared caches to do with a response (RFC 9111 sections 3 and 5.2.2). Directives are parsed and
 * not searched for: `private="x-a"` makes one field private, and `x="private"` nothing at all.
 */
import { boundedMemo } from '../core/memo.js';

/** How shared caches may treat a response. */
export interface Sharing {
  /** The response itself decides whether a shared cache may store it. */
  readonly isDecided: boolean;
  /** With `private` added, no shared cache stores it, not even one that gives a stricter directive less weight. */
  readonly isPrivateWhenTold: boolean;
  /** As it is, no shared cache stores it. */
  readonly isPrivate: boolean;
}

// A token, alone or with `=` and a token or a quoted string (RFC 9110 sections 5.6.2 and 5.6.4).
const DIRECTIVE =
  /[\t ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?[\t ]*(?:,|$)/y;
const EMPTY_ITEM = /[\t ]*(?:,|$)/y;

/**
 * Reads the value of all `Cache-Control` lines of a response, joined with commas. An app sends the same few values with
 * every response, so each is parsed once.
 */
export const readSharing = boundedMemo((value) => sharingOf(readDirectives(value)), {
  maxEntries: 500,
  maxKeyChars: 256,
});

/** The directives in lower case, each with whether it has an argument; undefined when the list is malformed. */
export function readDirectives(value: string): ReadonlyMap<string, boolean> | undefined {
  const directives = new Map<string, boolean>();
  let at = 0;
  while (at < value.length) {
    EMPTY_ITEM.lastIndex = at;
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(value);
    if (match !== null) directives.set((match[1] as string).toLowerCase(), match[2] !== undefined);
    else if (!EMPTY_ITEM.test(value)) return undefined;
    at = match === null ? EMPTY_ITEM.lastIndex : DIRECTIVE.lastIndex;
  }
  return directives;
}

// A malformed list decides nothing: each cache may read it differently.
function sharingOf(directives: ReadonlyMap<string, boolean> | undefined): Sharing {
  if (directives === undefined) return { isDecided: false, isPrivateWhenTold: false, isPrivate: false };
  const isAlone = (name: string) => directives.get(name) === false;
  // A cache that understands the status ignores `no-store` if there is `must-understand` (section 5.2.2.3).
  const forbids = isAlone('private') || (isAlone('no-store') && !directives.has('must-understand'));
  const invites = directives.has('public') || directives.has('s-maxage');
  // `immutable` is no permission by itself, but its sender expects the response to be stored for long (RFC 8246).
  const isPrivateWhenTold = !invites && !directives.has('immutable');
  return { isDecided: forbids || invites, isPrivateWhenTold, isPrivate: forbids && isPrivateWhenTold };
}
