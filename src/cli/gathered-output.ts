/**
 * Output that is written once for each turn of the event loop: a busy agent tells of many requests in one, and a write
 * for each line costs it more than all else it does for a small request.
 */

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
    if (this.#waiting === '') setImmediate(() => this.flush());
    this.#waiting += text;
  }

  /** Writes what waits. To be called when the process exits, since no turn follows. */
  flush(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text !== '') this.#output.write(text);
  }
}
