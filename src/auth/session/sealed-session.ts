/** The sealed form of a session: what of it fits a cookie, packed and read. */
import { createHash } from 'node:crypto';
import type { Identity } from '../identity/identity.js';
import { type KnownIssuers, packIdentity, unpackIdentity } from './sealed-identity.js';
import type { Session } from './session.js';

/**
 * What stands for the groups that rules name in an identity that has lost groups: a group that it lacks and that rules did
 * not name then may be one of those.
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

// There may be thousands of groups, and each visitor who is denied is looked at.
const TAGS = new WeakMap<ReadonlySet<string>, string>();

/**
 * What of an identity may be sealed, the most first: an identity too large loses groups, those that no rule asks for
 * first, and then its username.
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

// Each try costs a seal: some thirty for the thousand groups of a large directory.
const KEPT_OF_GROUPS = 0.8;

/** The payload. Both times in full and `a` always present: a renewed session is as long as the first, so it always fits. */
export function packSession({ id, identity, host, signedInAtMs, seenAtMs, admitted, owner }: Session): object {
  const common = { i: id, h: digest(host), t: signedInAtMs, n: seenAtMs, a: admitted ? 1 : 0 };
  return { ...common, ...(owner !== undefined && { w: owner }), ...packIdentity(identity) };
}

/** The session that a payload of ours holds, if it was made for this host and its identity is of a known issuer. */
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

// Hosts have up to 253 characters, a digest 16: 96 bits, inside a seal, for which nobody can look for a second host.
function digest(host: string): string {
  return createHash('sha256').update(host).digest('base64url').slice(0, 16);
}
