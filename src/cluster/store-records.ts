/** Nodes and tunnels as the store has them. What is read may be anybody's: it is checked, and what is no record counts as none. */
import { PosternError } from '../errors.js';
import { readObject } from '../store/json-value.js';
import type { Entry } from '../store/store.js';
import { type ClusterNode, isOfferTaken, MAX_OFFER_CHARS, type Place, type TunnelRecord } from './directory.js';

export const NODE_PREFIX = 'node:';
export const TUNNEL_PREFIX = 'tunnel:';

/** A node, as its last beat shows it. */
export interface Lease {
  readonly node: ClusterNode;
  /** How often it has been written. */
  readonly beat: number;
}

/** How long it is remembered that a tunnel was there. The key of a node expires as late: wrong clocks end no lease. */
export const REMEMBERED_MS = 86_400_000;

const MAX_ADDRESS_CHARS = 1_024;
const MAX_OWNER_CHARS = 1_024;

/** Of one tunnel. */
export const MAX_SLOT = 16;

// Microseconds: until the year 2223. Below what a number holds exactly, so that another one fits behind it.
const EPOCH_END = 8e15;

const ID = /^[\w-]{1,64}$/;
const NAME = /^[a-z0-9-]{1,63}$/;
const ADDRESS = /^(?:unix:\/|https:\/\/)[^\x00-\x1f\x7f]+$/;

export function writeLease({ node: { id: _, ...node }, beat }: Lease): string {
  return JSON.stringify({ ...node, beat });
}

export function readLease({ key, value }: Entry): Lease | undefined {
  const id = key.slice(NODE_PREFIX.length);
  const { peer, state, nearby, beat } = readObject(value);
  if (!ID.test(id) || !isText(peer, MAX_ADDRESS_CHARS) || !ADDRESS.test(peer)) return undefined;
  if ((state !== 'up' && state !== 'draining') || !Number.isSafeInteger(beat)) return undefined;
  const near = readNearby(nearby);
  return { node: { id, peer, state, ...(near && { nearby: near }) }, beat: beat as number };
}

function readNearby(value: unknown): ClusterNode['nearby'] {
  const { machine, peer } = (value ?? {}) as Partial<Record<'machine' | 'peer', unknown>>;
  const isSocket = isText(peer, MAX_ADDRESS_CHARS) && peer.startsWith('unix:/') && ADDRESS.test(peer);
  return isId(machine) && isSocket ? { machine, peer } : undefined;
}

/** Throws `ERR_INTERNAL` for a record that could not be read again. */
export function writeTunnel({ name, ...record }: TunnelRecord): string {
  const { owner, agentId, offer, places } = record;
  const isReadable = NAME.test(name) && isText(owner, MAX_OWNER_CHARS) && ID.test(agentId) && places.every(isPlace);
  if (!isReadable || !isOfferTaken(offer))
    throw new PosternError('ERR_INTERNAL', 'a record of a tunnel is beyond what the directory takes');
  return JSON.stringify(record);
}

export function readTunnel({ key, value }: Entry): TunnelRecord | undefined {
  const name = key.slice(TUNNEL_PREFIX.length);
  const { epoch, owner, agentId, offer, places } = readObject(value);
  if (!NAME.test(name) || !isEpoch(epoch) || !isText(owner, MAX_OWNER_CHARS) || !isText(offer, MAX_OFFER_CHARS))
    return undefined;
  if (!isId(agentId) || !arePlaces(places)) return undefined;
  return { name, epoch, owner, agentId, offer, places: places.map(({ node, link, slot }) => ({ node, link, slot })) };
}

function isText(value: unknown, maxChars: number): value is string {
  return typeof value === 'string' && value.length <= maxChars;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

function isEpoch(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < EPOCH_END;
}

function isPlace(value: unknown): value is Place {
  const { node, link, slot } = (value ?? {}) as Partial<Record<keyof Place, unknown>>;
  return isId(node) && isId(link) && Number.isInteger(slot) && (slot as number) >= 1 && (slot as number) <= MAX_SLOT;
}

// At most one for each slot.
function arePlaces(value: unknown): value is Place[] {
  if (!Array.isArray(value) || value.length > MAX_SLOT || !value.every(isPlace)) return false;
  return value.length <= 1 || new Set(value.map(({ slot }) => slot)).size === value.length;
}
