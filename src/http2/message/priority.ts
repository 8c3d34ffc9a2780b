/**
 * Priorities of responses (RFC 9218): the value of the `priority` field and of PRIORITY_UPDATE as one small number, urgency in
 * the low three bits.
 */

export const INCREMENTAL = 0x8;
const URGENCY = 0x7;
const DEFAULT_URGENCY = 3;

/**
 * What a request without a signal gets. Section 4.2 has it non-incremental; but one that says nothing may be a download of any
 * length, and should not keep others from being served.
 */
export const NO_PRIORITY = DEFAULT_URGENCY | INCREMENTAL;

// More than any client sends. A longer value is taken for none.
const MAX_CHARS = 64;
// A member of a dictionary (RFC 8941 section 3.2): only `u` and `i` matter, and a parameter never does.
const MEMBER = /^[\t ]*(?:u=([0-7])|i(?:=\?([01]))?)[\t ]*(?:;.*)?$/;

/** 0 is the most urgent, 7 the least. */
export function urgencyOf(priority: number): number {
  return priority & URGENCY;
}

/** Whether parts of the response are of use, so that it should share what the connection carries with others. */
export function isIncremental(priority: number): boolean {
  return (priority & INCREMENTAL) !== 0;
}

/** Members that are unknown or out of range are ignored (section 4). */
export function parsePriority(value: string): number {
  if (value.length > MAX_CHARS) return NO_PRIORITY;
  let urgency = DEFAULT_URGENCY;
  let incremental = 0;
  for (const member of value.split(',')) {
    const match = MEMBER.exec(member);
    if (match === null) continue;
    if (match[1] !== undefined) urgency = Number(match[1]);
    else incremental = match[2] === '0' ? 0 : INCREMENTAL;
  }
  return urgency | incremental;
}
