/** The rules of every directory: what a record becomes when a link begins or ends. All of them are pure. */
import type { Claim, Claimed, Place, TunnelRecord } from './directory.js';

/** `current`: without places of nodes whose lease is over. `newEpoch`: later than that of any record of this name. */
export function claimIn(
  current: TunnelRecord | undefined,
  node: string,
  { name, owner, agentId, offer, link, slot }: Claim,
  newEpoch: () => number,
): Claimed {
  const isSameAgent = current?.owner === owner && current.agentId === agentId;
  const isSame = current !== undefined && isSameAgent && current.offer === offer;
  // Only the first link of an agent changes what the tunnel is: a further one that was dialled before it may come after it.
  const isHeld = isSameAgent ? slot > 1 && !isSame : current !== undefined && current.places.length > 0;
  if (current !== undefined && isHeld) return { kind: 'held', record: current };
  const kept = isSame ? current.places.filter((place) => place.slot !== slot) : [];
  const places: Place[] = [...kept, { node, link, slot }];
  const epoch = isSame ? current.epoch : newEpoch();
  return { kind: 'claimed', record: { name, epoch, owner, agentId, offer, places } };
}

/** The record without the place of a link; undefined if it has none. */
export function releaseIn(record: TunnelRecord | undefined, node: string, link: string): TunnelRecord | undefined {
  return record && without(record, (place) => place.node === node && place.link === link);
}

/** The record without some of its places; undefined if it has none of them. */
export function without(record: TunnelRecord, isGone: (place: Place) => boolean): TunnelRecord | undefined {
  if (!record.places.some(isGone)) return undefined;
  return { ...record, places: record.places.filter((place) => !isGone(place)) };
}

/** Whether two records say the same of a tunnel. */
export function isSame(one: TunnelRecord, other: TunnelRecord): boolean {
  if (one === other) return true;
  if (one.name !== other.name || one.epoch !== other.epoch || one.offer !== other.offer) return false;
  if (one.owner !== other.owner || one.agentId !== other.agentId || one.places.length !== other.places.length)
    return false;
  return one.places.every(({ node, link, slot }, at) => {
    const place = other.places[at];
    return node === place?.node && link === place.link && slot === place.slot;
  });
}

// Microseconds, as epochs count: a second.
const EPOCH_SPREAD = 1_000_000;

/**
 * An epoch that no record of a name has had before. After a failover to an older copy neither of two nodes knows what the other one has
 * given, and both may find a former one that is ahead of every clock. `nowMs`: by the wall clock. `random`: a whole number below the
 * given one.
 */
export function epochAfter(former: TunnelRecord | undefined, nowMs: number, random: (below: number) => number): number {
  return Math.max(former?.epoch ?? 0, Math.floor(nowMs) * 1_000) + 1 + random(EPOCH_SPREAD);
}
