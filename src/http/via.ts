/**
 * `Via` (RFC 9110 section 7.6.3): which way a message took. Ours names no host and no version, but a pseudonym: a gateway
 * that hides what is behind it need not say more. A request that has come by here very often runs in a circle.
 */

const PSEUDONYM = 'postern';

/** What is said of a message that was received in HTTP/1.1, and of one in HTTP/1.0. */
export const VIA_HTTP_1_1 = `1.1 ${PSEUDONYM}`;
export const VIA_HTTP_1_0 = `1.0 ${PSEUDONYM}`;

// An edge behind an edge is one more; nobody puts ten of them behind each other.
const MAX_PASSES = 10;
const PASS = new RegExp(`(?:^|[\\t ,])[^\\t ,]+[\\t ]+${PSEUDONYM}(?=$|[\\t ,])`, 'gi');

/** Whether the `Via` of a request, all its lines joined with commas, shows that it runs in a circle. */
export function isCircular(via: string): boolean {
  return (via.match(PASS)?.length ?? 0) >= MAX_PASSES;
}
