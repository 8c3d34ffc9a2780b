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
  const places = record.places.filter((place) => !isGone(place));
  return places.length === record.places.length ? undefined : { ...record, places };
}
