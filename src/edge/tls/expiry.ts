/** Warns of certificates that are about to end, in time: whatever renews them has failed by then. */
import type { Log } from '../../core/log.js';
import type { CertificateState } from './certificates.js';

const DAY_MS = 86_400_000;

// Programs that renew do so after two thirds of a lifetime; what lives for a year is renewed by people.
const MAX_NOTICE_MS = 21 * DAY_MS;
const NOTICE_SHARE = 1 / 4;

const LOOK_INTERVAL_MS = 12 * 3_600_000;

/** Whether a certificate ends so soon that what renews it must have failed. */
export function isEnding(
  { notBeforeMs, notAfterMs }: Pick<CertificateState, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): boolean {
  return notAfterMs - nowMs < Math.min((notAfterMs - notBeforeMs) * NOTICE_SHARE, MAX_NOTICE_MS);
}

/** Looks now and twice a day, and logs what ends. Returns what stops that. Does not keep the process alive. */
export function watchExpiry(
  states: () => readonly CertificateState[],
  log: Log,
  now: () => number = Date.now,
): () => void {
  const look = () => {
    for (const state of states()) if (isEnding(state, now())) warn(state, log, now());
  };
  const timer = setInterval(look, LOOK_INTERVAL_MS).unref();
  look();
  return () => clearInterval(timer);
}

function warn({ names, notAfterMs }: CertificateState, log: Log, nowMs: number): void {
  const fields = { names, notAfter: new Date(notAfterMs).toISOString() };
  if (notAfterMs <= nowMs) log.error(fields, 'the certificate has expired: browsers refuse every page');
  else log.warn({ ...fields, days: Math.floor((notAfterMs - nowMs) / DAY_MS) }, 'the certificate expires soon');
}
