/** A timer of the virtual clock, with what programs expect of one. */
export class Timer {
  #run: (() => void) | undefined;

  constructor(run: () => void) {
    this.#run = run;
  }

  fire(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.();
  }

  cancel(): void {
    this.#run = undefined;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }
}
