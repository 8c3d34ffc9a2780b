/**
 * Repairs what a proxy must accept in the field lines of a response: it removes white space before the colon (RFC 9112
 * section 5.1) and unfolds lines (section 5.2). Anything else that is malformed is rejected, with the line. Called only for
 * the few responses that do not match the strict grammar.
 */
import { MalformedResponse, quoted } from './errors.js';
import { trimOws } from './fields.js';

const STATUS_LINE = /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;
const SPACE_BEFORE_COLON = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]+:/;
const FOLDED = /^[ \t]/;

/** Repairs the head of a response. Throws `MalformedResponse`, which quotes the first line that cannot be repaired. */
export function repairHead(text: string): string {
  const [start = '', ...lines] = text.split('\r\n');
  if (!STATUS_LINE.test(start)) throw new MalformedResponse(`this is not HTTP: the first line is ${quoted(start)}`);
  return [start, ...repairLines(lines)].join('\r\n');
}

/** Repairs field lines, each with the CR LF before it. Throws `MalformedResponse`. */
export function repairFields(text: string): string {
  const [before = '', ...lines] = text.split('\r\n');
  if (before !== '') throw new MalformedResponse(`a line ends without CR LF: ${quoted(before)}`);
  return ['', ...repairLines(lines)].join('\r\n');
}

function repairLines(lines: readonly string[]): string[] {
  const repaired: string[] = [];
  for (const line of lines) {
    const last = repaired.length - 1;
    // Before the first field there is no line to continue (section 2.2).
    if (FOLDED.test(line) && last >= 0) repaired[last] = `${trimOws(repaired[last] as string)} ${trimOws(line)}`;
    else repaired.push(line.replace(SPACE_BEFORE_COLON, '$1:'));
    const whole = repaired[repaired.length - 1] as string;
    if (!FIELD_LINE.test(whole)) throw new MalformedResponse(`a header line is malformed: ${quoted(line)}`);
  }
  return repaired;
}
