/**
 * Optional white space on the wire (OWS): SP and HTAB, nothing else (RFC 9110 section 5.6.3). JavaScript's `trim` and `\s`
 * also match U+00A0 and others, and each code unit of a field value is one byte: a cookie whose name begins with the byte
 * 0xA0 would be confused with one whose name does not. The architecture test forbids both in code that reads the wire.
 */

const SPACE = 0x20;
const TAB = 0x09;

/** A text without the optional white space at its ends. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  // A loop, because a regular expression anchored at the end takes quadratic time for blanks.
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return end - start === text.length ? text : text.slice(start, end);
}

/** The members of a comma-separated list in order, without empty ones (RFC 9110 section 5.6.1). */
export function listMembers(line: string): string[] {
  return line
    .split(',')
    .map(trimOws)
    .filter((member) => member !== '');
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
