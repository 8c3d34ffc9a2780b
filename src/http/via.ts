/**
 * `Via` (RFC 9110 section 7.6.3): the intermediaries that a message has passed. Ours is a pseudonym, without host and
 * version, as the RFC permits. A request that has passed an edge very often is in a forwarding loop.
 */

const PSEUDONYM = 'postern';

const MEMBERS = { '1.0': `1.0 ${PSEUDONYM}`, '1.1': `1.1 ${PSEUDONYM}`, '2.0': `2.0 ${PSEUDONYM}` } as const;

/** The member for a message that was received in a version of HTTP. */
export function via(version: keyof typeof MEMBERS): string {
  return MEMBERS[version];
}

/** The member for a message that was received in HTTP/1.1. */
export const VIA_HTTP_1_1 = MEMBERS['1.1'];

// An edge behind an edge is possible; ten in a row are a loop.
const MAX_PASSES = 10;
const PASS = new RegExp(`(?:^|[\\t ,])[^\\t ,]+[\\t ]+${PSEUDONYM}(?=$|[\\t ,])`, 'gi');

/** Whether the `Via` of a request, its lines joined with commas, shows a forwarding loop. */
export function isCircular(via: string): boolean {
  return (via.match(PASS)?.length ?? 0) >= MAX_PASSES;
}
