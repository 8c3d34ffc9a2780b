/** How an act of a soak compares what came with what must come, and how it says that it was not so. */
import { patternBytes } from '../support/target-paths.js';
import type { VisitorResponse } from '../support/visitor.js';

/** Bytes that nobody sent: there is never an excuse. */
export class WrongBytes extends Error {}

/** The answer was an error of ours, or did not come to its end. */
export class Broken extends Error {}

/** Compares what comes with the pattern that `/bytes` sends, as far as it comes. */
export class Prefix {
  bytes = 0;
  readonly #expected: Iterator<Buffer, void>;
  readonly #length: number;
  #left: Buffer = Buffer.alloc(0);

  constructor(length: number) {
    this.#length = length;
    this.#expected = patternBytes(length);
  }

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left.length === 0) this.#left = this.#expected.next().value ?? Buffer.alloc(0);
      const many = Math.min(this.#left.length, chunk.length - at);
      if (many === 0 || chunk.compare(this.#left, 0, many, at, at + many) !== 0) {
        throw new WrongBytes(`a download of ${this.#length} differs near byte ${this.bytes + at}`);
      }
      this.#left = this.#left.subarray(many);
      at += many;
    }
    this.bytes += chunk.length;
  }

  end(): void {
    if (this.bytes !== this.#length)
      throw new WrongBytes(`a whole download has ${this.bytes} of ${this.#length} bytes`);
  }
}

/** Throws `WrongBytes` unless both are the same. */
export function compare(heard: readonly string[], expected: readonly string[]): void {
  if (heard.join('\n') !== expected.join('\n')) throw new WrongBytes(`${heard.join()} instead of ${expected.join()}`);
}

/** Throws `Broken`, with the code of our error, unless the app responds. */
export function begun({ status, headers }: Pick<VisitorResponse, 'status' | 'headers'>): void {
  if (status !== 200) throw new Broken(`status ${status} ${headers['postern-error']}`);
}

/** A size up to `most`: most bodies are small and some are large. */
export function size(most: number): number {
  return Math.floor(most ** Math.random()) + 1;
}
