/**
 * The limits that the owner of a tunnel sets for a demo: only looking (`--read-only`), and so many people at once (`--viewers`).
 * A person is here with an open request and for a minute after the last one: open requests are judged every five seconds, and
 * each judgement is noted.
 */

import type { Session } from '../../auth/session/session.js';
import { NO_OTHERS, type Others } from '../../cluster/others.js';
import { isOverridden } from '../../http/public-path.js';
import type { Terms } from '../../link/terms.js';
import { partyOf } from '../request/party.js';
import type { VisitRequest } from '../request/visit.js';

/** How long a viewer keeps the place after the last request. */
export const VIEWER_STAYS_MS = 60_000;

/** A request that would be admitted otherwise. */
export type Limited = Pick<VisitRequest, 'method' | 'header' | 'headers' | 'address' | 'cache'>;

interface Visitor {
  readonly rule: string;
  readonly session: Session | undefined;
}

export class DemoLimits {
  /** When each viewer of a tunnel was last seen, in milliseconds since the epoch. At most as many as the tunnel admits. */
  readonly #seen = new Map<string, Map<string, number>>();
  readonly #others: Others;
  #sweptAtMs = 0;

  /** `others`: the other nodes of the edge. Two people who come to two nodes in one moment may both take the last place. */
  constructor(others: Others = NO_OTHERS) {
    this.#others = others;
    others.on('viewer', (tunnel: string, party: string, seenAtMs: number) => this.#note(tunnel, party, seenAtMs));
  }

  /** The code with which a request is refused; undefined if it is within the limits of its tunnel. */
  exceeded(
    tunnel: string,
    { readOnly, viewers }: Terms,
    visitor: Visitor,
    request: Limited,
    nowMs: number,
  ): 'ERR_READ_ONLY' | 'ERR_TUNNEL_FULL' | undefined {
    if (readOnly && !isReading(request)) return 'ERR_READ_ONLY';
    if (viewers === undefined || !isViewer(visitor)) return undefined;
    return this.#takePlace(tunnel, partyOf(request, visitor.session), viewers, nowMs) ? undefined : 'ERR_TUNNEL_FULL';
  }

  #takePlace(tunnel: string, party: string, viewers: number, nowMs: number): boolean {
    this.#sweep(nowMs);
    const seen = this.#seen.get(tunnel) ?? new Map<string, number>();
    const lastMs = seen.get(party);
    if (isGone(lastMs, nowMs)) {
      removeGone(seen, nowMs);
      if (seen.size >= viewers) return false;
    }
    if (lastMs === undefined || periodOf(lastMs) !== periodOf(nowMs)) this.#others.tell('viewer', tunnel, party, nowMs);
    this.#note(tunnel, party, nowMs);
    return true;
  }

  #note(tunnel: string, party: string, seenAtMs: number): void {
    const seen = this.#seen.get(tunnel) ?? new Map<string, number>();
    this.#seen.set(tunnel, seen.set(party, seenAtMs));
  }

  /** Forgets tunnels without viewers, at most once a minute. */
  #sweep(nowMs: number): void {
    if (Math.abs(nowMs - this.#sweptAtMs) < VIEWER_STAYS_MS) return;
    this.#sweptAtMs = nowMs;
    for (const [tunnel, seen] of this.#seen) {
      removeGone(seen, nowMs);
      if (seen.size === 0) this.#seen.delete(tunnel);
    }
  }
}

// The owner always gets in, and machines (access tokens, public paths, preflights) do not look.
function isViewer({ rule, session }: Visitor): boolean {
  return rule === 'public' || (session !== undefined && rule !== 'owner');
}

/** By the safe methods (RFC 9110 section 9.2.1), unless a header names another one. A WebSocket carries anything. */
function isReading({ method, header, headers }: Limited): boolean {
  if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return false;
  return header['upgrade'] === undefined && !isOverridden(headers);
}

function removeGone(seen: Map<string, number>, nowMs: number): void {
  for (const [party, lastMs] of seen) if (isGone(lastMs, nowMs)) seen.delete(party);
}

// A viewer who stays is told to the other nodes three times within the time for which they would remember.
function periodOf(timeMs: number): number {
  return Math.floor(timeMs / (VIEWER_STAYS_MS / 3));
}

function isGone(lastMs: number | undefined, nowMs: number): boolean {
  return lastMs === undefined || nowMs - lastMs > VIEWER_STAYS_MS;
}
