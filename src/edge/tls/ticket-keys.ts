/**
 * The keys of TLS session tickets (RFC 5077, RFC 8446 section 4.6.1): derived from the operator's secret and from the time, so
 * that a client resumes after a restart and at any node, and that a key is used for twelve hours only.
 */
import { hkdfSync } from 'node:crypto';
import { deriveKeys } from '../../core/keys.js';

/** How long a key is used, and how long a ticket is valid at most. A ticket of the key before is not accepted. */
export const TICKET_PERIOD_MS = 12 * 3_600_000;

// Its name, its HMAC key and its AES key of sixteen bytes each, as Node takes them.
const KEY_BYTES = 48;

/** The key of a moment. */
export function ticketKeyAt(secrets: readonly string[], nowMs: number): Buffer {
  const [newest] = deriveKeys(secrets, 'tls-ticket');
  return Buffer.from(hkdfSync('sha256', newest.bytes, '', `period ${periodOf(nowMs)}`, KEY_BYTES));
}

/** How long the key of this moment is used. */
export function msToNextTicketKey(nowMs: number): number {
  return (periodOf(nowMs) + 1) * TICKET_PERIOD_MS - nowMs;
}

function periodOf(nowMs: number): number {
  return Math.floor(nowMs / TICKET_PERIOD_MS);
}
