/** The form of a session in its sealed cookie, and how an identity is shortened to fit it. */
import { createHash } from 'node:crypto';
import type { Identity } from '../identity/identity.js';
import { type KnownIssuers, packIdentity, unpackIdentity } from './sealed-identity.js';
import type { Session } from './session.js';

/**
 * Represents the set of groups that rules name, in an identity from which groups were left out. If rules name other groups
 * later, one of those may have been left out.
 */
export function groupsTag(groups: ReadonlySet<string>): string {
  const known = TAGS.get(groups);
  if (known !== undefined) return known;
  const tag = createHash('sha256')
    .update(JSON.stringify([...groups].sort()))
    .digest('base64url')
    .slice(0, 8);
  TAGS.set(groups, tag);
  return tag;
}

// Cached: there may be thousands of groups, and every denial needs the tag.
const TAGS = new WeakMap<ReadonlySet<string>, string>();

/**
 * The identity in decreasing sizes, for one that is too large to seal: it loses groups, those that no rule names first, and
 * then its username.
 */
export function* shrinkToFit(identity: Identity, asked: ReadonlySet<string>): Generator<Identity> {
  const omittedFor = identity.omittedFor ?? groupsTag(asked);
  yield identity.groupsOmitted ? { ...identity, omittedFor } : identity;
  const groups = [
    ...identity.groups.filter((group) => asked.has(group)),
    ...identity.groups.filter((group) => !asked.has(group)),
  ];
  for (let count = groups.length; count > 0; ) {
    count = Math.floor(count * KEPT_OF_GROUPS);
    yield { ...identity, groups: groups.slice(0, count), groupsOmitted: true, omittedFor };
  }
  const { username, ...nameless } = identity;
  if (username === undefined) return;
  const isCut = identity.groupsOmitted || groups.length > 0;
  yield { ...nameless, groups: [], groupsOmitted: isCut, ...(isCut && { omittedFor }) };
}

// Each attempt costs a seal: about thirty for the thousand groups of a large directory.
const KEPT_OF_GROUPS = 0.8;

/** The payload. Times are not shortened and `a` is always present, so a renewed session has the same length and fits too. */
export function packSession({ id, identity, host, signedInAtMs, seenAtMs, admitted, owner }: Session): object {
  const common = { i: id, h: digest(host), t: signedInAtMs, n: seenAtMs, a: admitted ? 1 : 0 };
  return { ...common, ...(owner !== undefined && { w: owner }), ...packIdentity(identity) };
}

/** The session in an opened payload, if it was sealed for this host and its identity is from a known issuer. */
export function unpackSession(
  payload: Readonly<Record<string, unknown>>,
  host: string,
  issuers: KnownIssuers,
): Session | undefined {
  const { i: id, h, t: signedInAtMs, n: seenAtMs, a, w: owner } = payload;
  const identity = unpackIdentity(payload, issuers);
  if (typeof id !== 'string' || h !== digest(host) || identity === undefined) return undefined;
  if (typeof signedInAtMs !== 'number' || typeof seenAtMs !== 'number') return undefined;
  const session = { id, identity, host, signedInAtMs, seenAtMs, admitted: a === 1 };
  return typeof owner === 'string' ? { ...session, owner } : session;
}

// Hosts have up to 253 characters, a digest 16. 96 bits suffice: it is sealed, so a collision cannot be searched for.
function digest(host: string): string {
  return createHash('sha256').update(host).digest('base64url').slice(0, 16);
}
