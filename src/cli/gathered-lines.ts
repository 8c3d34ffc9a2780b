/**
 * Lines of a log on their way to standard output: those of one turn of the event loop leave in one write. A busy edge
 * writes a line for each request, and the system call costs several times as much as making the line. Nothing waits
 * longer than the turn, and what a process that exits has still to say is written before it is gone.
 */
import type { DestinationStream } from 'pino';

// A turn that says more than this writes in between.
const MOST_CHARS = 65_536;

export class GatheredLines implements DestinationStream {
  readonly #below: DestinationStream;
  #lines = '';

  /** `below` must write at once. */
  constructor(below: DestinationStream) {
    this.#below = below;
  }

  write(line: string): void {
    if (this.#lines === '') setImmediate(() => this.flush());
    this.#lines += line;
    if (this.#lines.length >= MOST_CHARS) this.flush();
  }

  /** Writes what has been gathered. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#below.write(lines);
  }
}
