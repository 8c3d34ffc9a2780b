/**
 * Field lines (RFC 9112 section 5): names are tokens directly before their colon, values are bytes without controls, a
 * line ends with CR LF and is never folded. Each code unit of a text holds one byte.
 */

/** Name, value, name, value, in the order and spelling of the wire. */
export type FieldList = readonly string[];

const SPACE = 0x20;
const TAB = 0x09;

/** Splits validated field lines, from the CR LF at `at` on. */
export function splitFields(lines: string, at: number): string[] {
  const fields: string[] = [];
  for (let start = at + 2; start < lines.length; ) {
    const next = lines.indexOf('\r\n', start);
    const end = next === -1 ? lines.length : next;
    const colon = lines.indexOf(':', start);
    fields.push(lines.slice(start, colon), trimmed(lines, colon + 1, end));
    start = end + 2;
  }
  return fields;
}

// OWS around a value is not part of it. Not `trim()`, which also removes U+00A0. Not `core/white-space.ts`, because this
// room imports nothing.
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** A text without OWS at its ends. */
export function trimOws(text: string): string {
  return trimmed(text, 0, text.length);
}

function isWhiteSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}
