/** The output of a program, line by line, without what would move the cursor of a terminal that others write to as well. */
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

// A prompt has no line end.
const PARTIAL_MS = 300;

const MAX_LINE_CHARS = 8_192;

// Colours (SGR) stay; other sequences (CSI, OSC and the like), and controls but the tab, go.
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])/g;
const CONTROL = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const RESET = '\x1b[0m';

/** A line that a terminal may show among others. */
export function shownLine(line: string): string {
  const last = line.slice(line.lastIndexOf('\r') + 1); // what is written over the line again
  const coloured = last.replace(SEQUENCE, (sequence, end: string | undefined) => (end === 'm' ? sequence : ''));
  const clean = coloured.replace(CONTROL, '').replace(/\x1b(?!\[[\d;:]*m)/g, '');
  return clean.includes('\x1b') ? `${clean}${RESET}` : clean;
}

/** The line as text. */
export function plainLine(line: string): string {
  return stripVTControlCharacters(line);
}

/** Calls `line` with each line of a stream of bytes, also with one that stays without an end for a while. */
export class Lines {
  readonly #line: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  readonly push = (chunk: Buffer): void => {
    const lines = `${this.#rest}${this.#decoder.write(chunk)}`.split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    if (this.#rest.length > MAX_LINE_CHARS) this.end();
    clearTimeout(this.#timer);
    this.#timer = this.#rest === '' ? undefined : setTimeout(this.end, PARTIAL_MS);
  };

  readonly end = (): void => {
    clearTimeout(this.#timer);
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  };
}
