/**
 * Lines that stay at the bottom of a terminal while others scroll by above them: each new line is written in their place, and
 * they are written again below it. Own code rather than `log-update`: the output is batched and never waits for its reader
 * (`batched-output.ts`), and the lines are cut to the width already.
 */
import type { Output } from './batched-output.js';
import { shownWidth } from './fit.js';

export class LiveBlock {
  readonly #output: Output;
  readonly #columns: () => number;
  #lines: readonly string[] = [];
  /** How many columns the cursor is left of the end of the last line. */
  #back = 0;

  /** `columns`: the width of the terminal now, which breaks lines that were written when it was wider. */
  constructor(output: Output, columns: () => number = () => Number.POSITIVE_INFINITY) {
    this.#output = output;
    this.#columns = columns;
  }

  /** Writes a line above the block. */
  scroll(text: string): void {
    this.#output.write(`${this.#erase()}${text}\n${this.#draw()}`);
  }

  /** Shows other lines at the bottom, none of them wider than the terminal, and the cursor `back` columns before their end. */
  show(lines: readonly string[], back = 0): void {
    const isSame = lines.length === this.#lines.length && lines.every((line, at) => line === this.#lines[at]);
    if (isSame && back === this.#back) return;
    const erase = this.#erase();
    this.#lines = [...lines];
    this.#back = back;
    this.#output.write(`${erase}${this.#draw()}`);
  }

  /** Erases the block. */
  close(): void {
    this.show([]);
  }

  #draw(): string {
    return `${this.#lines.join('\n')}${this.#back > 0 ? `\x1b[${this.#back}D` : ''}`;
  }

  // The cursor is in the last row.
  #erase(): string {
    const columns = this.#columns();
    let rows = 0;
    for (const line of this.#lines) rows += columns === Number.POSITIVE_INFINITY ? 1 : rowsOf(line, columns);
    if (rows === 0) return '';
    return rows === 1 ? '\r\x1b[2K' : `\r\x1b[${rows - 1}A\x1b[0J`;
  }
}

function rowsOf(line: string, columns: number): number {
  // Nearly always: no line is longer in columns than twice its characters.
  if (2 * line.length <= columns) return 1;
  return Math.max(1, Math.ceil(shownWidth(line) / Math.max(1, columns)));
}
