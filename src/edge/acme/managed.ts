/** A certificate that `AcmeManager` keeps: what is known of it, and when something is to be done for it. */
import { Backoff } from '../../core/backoff.js';
import type { StoredCertificate } from './records.js';
import type { Lifetime } from './renewal.js';

/** A certificate that is to be there. */
export interface Wanted {
  /** By which the store knows it. */
  readonly id: string;
  readonly names: readonly string[];
  /** For whom: one party may have few new ones. Undefined for the edge itself, which is not counted. */
  readonly party?: string;
}

/** What is known of a certificate that is wanted, or was. */
export interface Managed extends Wanted {
  readonly backoff: Backoff;
  /** What is not wanted now is kept: a name that comes and goes must not be ordered each time. */
  isWanted: boolean;
  current: (StoredCertificate & Lifetime) | undefined;
  renewAtMs: number;
  /** Not renewed before, whatever a wrong clock or a wrong authority says: otherwise it would order without end. */
  earliestMs: number;
  askAgainAtMs: number;
  /** Why the last attempt failed; undefined after a success. */
  problem: string | undefined;
}

/** The state of a certificate, for metrics and for people. */
export interface CertificateState {
  readonly names: readonly string[];
  /** In milliseconds since the epoch; undefined while there is none. */
  readonly notAfterMs: number | undefined;
  readonly problem: string | undefined;
}

/** When nothing is to be done. */
export const NEVER = Number.POSITIVE_INFINITY;

const RETRY = { firstMs: 60_000, maxMs: 6 * 3_600_000 };

/** A certificate of which nothing is known yet: it is due now. */
export function manage(wanted: Wanted, nowMs: number): Managed {
  const due = { renewAtMs: nowMs, earliestMs: nowMs, askAgainAtMs: NEVER };
  return { ...wanted, backoff: new Backoff(RETRY), isWanted: true, current: undefined, problem: undefined, ...due };
}

/** When the certificate is to be renewed, or its authority asked when that should be, in milliseconds since the epoch. */
export function dueAt({ isWanted, renewAtMs, askAgainAtMs }: Managed): number {
  return isWanted ? Math.min(renewAtMs, askAgainAtMs) : NEVER;
}
