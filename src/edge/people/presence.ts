/**
 * Who is here: the people whose requests a tunnel has admitted in the last minute, or who have one open. Noted for every
 * admitted request, so a request that repeats the one before on its connection costs one comparison and one write.
 */
import { accountKey, type Identity } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/session.js';
import type { Admitted } from '../gate/gate.js';
import type { LongLivedRequest } from '../gate/revalidation.js';
import type { EdgeEvent, EventSink } from '../ops/events.js';
import type { VisitRequest } from '../request/visit.js';

/** A person at a tunnel. */
export interface Person {
  /** Canonical email. */
  readonly email: string;
  /** The rule that lets them in. */
  readonly rule: string;
  readonly sinceMs: number;
  readonly lastSeenMs: number;
  /** Requests and WebSockets that are open now. */
  readonly open: number;
  /** Counts arrivals, at all tunnels: no two people have the same. */
  readonly arrival: number;
}

/** A person at one of the tunnels. */
export interface Presences {
  readonly account: Pick<Identity, 'issuer' | 'subject' | 'email'>;
  readonly tunnel: string;
  readonly open: number;
}

export interface PresenceOptions {
  /** The requests that are open now. */
  readonly open: () => Iterable<LongLivedRequest>;
  /** Called when people have come to a tunnel, or have left it. */
  readonly changed: (tunnel: string) => void;
  readonly now?: () => number;
}

/** A person without an open request is here for this long. */
export const HERE_FOR_MS = 60_000;

/** People who are listed, at one tunnel: all others are let in, too. */
export const MAX_LISTED = 1_000;

const SWEEP_INTERVAL_MS = 5_000;

interface Seen {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string;
  sinceMs: number;
  arrival: number;
  rule: string;
  lastSeenMs: number;
  /** Taken from the list: the connection still knows the object. */
  isGone: boolean;
}

export class Presence implements EventSink {
  readonly #options: PresenceOptions;
  readonly #now: () => number;
  readonly #byTunnel = new Map<string, Map<string, Seen>>();
  readonly #timer: NodeJS.Timeout;
  #arrivals = 0;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
  }

  on(event: EdgeEvent): void {
    if (event.kind !== 'decided' || event.verdict.kind !== 'forward') return;
    const { visit, verdict } = event;
    if (verdict.session !== undefined) this.#note(visit, verdict, verdict.session);
  }

  /** How many people are at all tunnels; one who is at two of them counts twice. */
  count(): number {
    let people = 0;
    for (const { size } of this.#byTunnel.values()) people += size;
    return people;
  }

  /** The people at a tunnel, those who came first in front, by the key of their account. */
  listedAt(tunnel: string): (readonly [account: string, person: Person])[] {
    const counts = this.#countOpen(tunnel);
    return [...(this.#byTunnel.get(tunnel) ?? [])].map(([account, { email, rule, sinceMs, lastSeenMs, arrival }]) => {
      const open = counts.get(keyOf(tunnel, account)) ?? 0;
      return [account, { email, rule, sinceMs, lastSeenMs, arrival, open }];
    });
  }

  /** Who is where: an entry for each person at each tunnel, by tunnel. */
  everywhere(): Presences[] {
    const counts = this.#countOpen();
    return [...this.#byTunnel].flatMap(([tunnel, people]) =>
      [...people].map(([account, { issuer, subject, email }]) => {
        return { account: { issuer, subject, email }, tunnel, open: counts.get(keyOf(tunnel, account)) ?? 0 };
      }),
    );
  }

  /** Takes an account from the lists of all tunnels, after it was signed out; by its `accountKey`. */
  leave(account: string): void {
    for (const [tunnel, people] of this.#byTunnel) {
      const seen = people.get(account);
      if (seen === undefined) continue;
      seen.isGone = true;
      people.delete(account);
      this.#options.changed(tunnel);
    }
  }

  /** Takes those from the list who have left. Runs every five seconds. */
  sweep(): void {
    const counts = this.#countOpen();
    const isGone = (tunnel: string, account: string, { lastSeenMs }: Seen) =>
      lastSeenMs + HERE_FOR_MS <= this.#now() && !counts.has(keyOf(tunnel, account));
    for (const [tunnel, people] of this.#byTunnel) {
      const gone = [...people].filter(([account, seen]) => isGone(tunnel, account, seen));
      for (const [account, seen] of gone) {
        seen.isGone = true;
        people.delete(account);
      }
      if (people.size === 0) this.#byTunnel.delete(tunnel);
      if (gone.length > 0) this.#options.changed(tunnel);
    }
  }

  /** Takes people from the list of a tunnel, after they were shut out. */
  remove(tunnel: string, emails: ReadonlySet<string>): void {
    for (const [account, seen] of this.#byTunnel.get(tunnel) ?? []) {
      if (!emails.has(seen.email)) continue;
      seen.isGone = true;
      this.#byTunnel.get(tunnel)?.delete(account);
      this.#options.changed(tunnel);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#byTunnel.clear();
  }

  #note(visit: VisitRequest, { tunnel, rule, judgedAtMs }: Admitted, session: Session): void {
    const seen = visit.cache.seen.get(session, tunnel, this.#find) as Seen;
    seen.lastSeenMs = judgedAtMs;
    seen.rule = rule;
    if (seen.isGone) this.#list(tunnel.name, accountKey(session.identity), seen);
  }

  // A property, so that a request that repeats the one before allocates nothing.
  readonly #find = ({ identity }: Session, { name }: { readonly name: string }): Seen => {
    const nowMs = this.#now();
    const known = this.#byTunnel.get(name)?.get(accountKey(identity));
    const { issuer, subject, email } = identity;
    return known ?? { issuer, subject, email, rule: '', sinceMs: nowMs, lastSeenMs: nowMs, arrival: 0, isGone: true };
  };

  #list(tunnel: string, account: string, seen: Seen): void {
    const people = this.#byTunnel.get(tunnel) ?? new Map<string, Seen>();
    if (people.size >= MAX_LISTED) return;
    this.#byTunnel.set(tunnel, people.set(account, seen));
    seen.isGone = false;
    seen.sinceMs = seen.lastSeenMs; // of this time, not of the one before
    seen.arrival = ++this.#arrivals;
    this.#options.changed(tunnel);
  }

  #countOpen(tunnel?: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { admitted } of this.#options.open()) {
      if (admitted?.session === undefined || (tunnel !== undefined && admitted.tunnel.name !== tunnel)) continue;
      const key = keyOf(admitted.tunnel.name, accountKey(admitted.session.identity));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }
}

function keyOf(tunnel: string, account: string): string {
  return `${tunnel} ${account}`;
}
