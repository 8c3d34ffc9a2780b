/**
 * Output that is written a few times in a second rather than with each line: for a busy agent, a write for each request
 * costs as much as sending that request to the target.
 */

// Too short for a person to notice.
const GATHER_MS = 20;

/** Where lines go; any `Writable` will do. */
export interface Output {
  write(text: string): unknown;
}

export class GatheredOutput implements Output {
  readonly #output: Output;
  #waiting = '';

  constructor(output: Output) {
    this.#output = output;
  }

  write(text: string): void {
    if (this.#waiting === '') setTimeout(() => this.flush(), GATHER_MS);
    this.#waiting += text;
  }

  /** Writes a line that must not be lost with the process, behind those that wait. */
  writeNow(text: string): void {
    this.#waiting += text;
    this.flush();
  }

  /** Writes what waits. To be called when the process exits, since no timer fires any more. */
  flush(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text !== '') this.#output.write(text);
  }
}
