/** Which host a request is for, and what that host is at this edge: looked up for the hosts that visitors ask for again. */
import { type BaseAddress, classifyHost, type HostKind, readHost } from '../../core/hostname.js';
import { RecentMap } from '../../core/recent-map.js';
import { headerValues, type RawHeaders } from '../../http/fields.js';

export interface Destination {
  /** Canonical, without port; empty when the request has none that is valid. */
  readonly host: string;
  readonly place: HostKind;
}

// Invalid hosts are not cached, so a client cannot fill the cache with them.
const MAX_KNOWN_HOSTS = 1_000;
const MAX_KNOWN_HOST_CHARACTERS = 260; // a DNS name of 253 and its port
const knownHosts = new WeakMap<BaseAddress, RecentMap<Destination>>();

/** By the `Host` lines of a request. Never throws: a bad host is an unknown place. */
export function destinationOf(headers: RawHeaders, base: BaseAddress): Destination {
  const lines = headerValues(headers, 'host');
  return lines.length === 1 ? destinationAt(lines[0] as string, base) : NOWHERE;
}

/** By the one text that names the host: that of `:authority` on HTTP/2. Never throws: a bad host is an unknown place. */
export function destinationAt(line: string, base: BaseAddress): Destination {
  const known = knownHosts.get(base)?.get(line);
  if (known !== undefined) return known;
  const host = readHost([line]) ?? '';
  const found: Destination = { host, place: classifyHost(host, base) };
  if (found.place.kind !== 'unknown') remember(base, line, found);
  return found;
}

/** Of a request that names no host, or two. */
export const NOWHERE: Destination = { host: '', place: { kind: 'unknown' } };

function remember(base: BaseAddress, line: string, found: Destination): void {
  const hosts = knownHosts.get(base) ?? new RecentMap<Destination>(MAX_KNOWN_HOSTS, MAX_KNOWN_HOST_CHARACTERS);
  knownHosts.set(base, hosts);
  hosts.set(line, found);
}
