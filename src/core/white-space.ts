/**
 * Optional white space around what stands on the wire: SP and HTAB, nothing else (RFC 9110 section 5.6.3). JavaScript's own
 * `trim` and `\s` also take U+00A0 and its like, and to a field value each byte is one code unit: a cookie whose name begins
 * with the byte 0xA0 would be read as the one without. The architecture test keeps both out of everything that reads the wire.
 */

const SPACE = 0x20;
const TAB = 0x09;

/** A text without the optional white space at its ends. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  // A loop, because an expression anchored at the end is quadratic in blanks.
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
