/**
 * A pipe or file that several processes write to at once. The system writes as much as `PIPE_BUF` in one piece, or nothing
 * (pipe(7)): so much is given to it at a time, in whole lines, and lines of two processes do not mix. A longer line takes the risk.
 */
import type { Sink } from './batched-output.js';

// That of Linux. macOS promises 512 only: there lines of two processes may mix when the pipe is nearly full.
const PIPE_BUF = 4_096;

export class SharedSink implements Sink {
  readonly #sink: Sink;
  #rest = '';

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(text: string, done: (error?: Error | null) => void): void {
    this.#rest += text;
    this.#next(done);
  }

  writeLast(text: string): void {
    const all = this.#rest + text;
    this.#rest = '';
    if (this.#sink.writeLast === undefined) this.#sink.write(all, () => {});
    else this.#sink.writeLast(all);
  }

  #next(done: (error?: Error | null) => void): void {
    const piece = this.#rest.slice(0, endOfLines(this.#rest));
    this.#rest = this.#rest.slice(piece.length);
    this.#sink.write(piece, (error) => {
      if (error) done(error);
      else if (this.#rest === '') done();
      else this.#next(done);
    });
  }
}

/** How many characters are so many whole lines as fit. */
function endOfLines(text: string): number {
  let end = 0;
  let bytes = 0;
  while (end < text.length) {
    const next = text.indexOf('\n', end) + 1 || text.length;
    bytes += Buffer.byteLength(text.slice(end, next));
    if (end > 0 && bytes > PIPE_BUF) break;
    end = next;
  }
  return end;
}
