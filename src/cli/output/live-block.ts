/**
 * Lines that stay at the bottom of a terminal while others scroll by above them: each new line is written in their place, and
 * they are written again below it. Own code rather than `log-update`: the output is batched and never waits for its reader
 * (`batched-output.ts`), and the lines are cut to the width already.
 */
import type { Output } from './batched-output.js';

export class LiveBlock {
  readonly #output: Output;
  #lines: readonly string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Writes a line above the block. */
  scroll(text: string): void {
    this.#output.write(`${this.#erase()}${text}\n${this.#lines.join('\n')}`);
  }

  /** Shows other lines at the bottom, none of them wider than the terminal. */
  show(lines: readonly string[]): void {
    if (lines.length === this.#lines.length && lines.every((line, at) => line === this.#lines[at])) return;
    const erase = this.#erase();
    this.#lines = [...lines];
    this.#output.write(`${erase}${lines.join('\n')}`);
  }

  /** Erases the block. */
  close(): void {
    this.show([]);
  }

  // The cursor is at the end of the last line.
  #erase(): string {
    const { length } = this.#lines;
    if (length === 0) return '';
    return length === 1 ? '\r\x1b[2K' : `\r\x1b[${length - 1}A\x1b[0J`;
  }
}
