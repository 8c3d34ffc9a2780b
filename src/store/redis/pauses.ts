/** Pauses that end early when what they are for ends: none keeps a process alive after that. */
export class Pauses {
  readonly #all = new Set<() => void>();
  #isClosed = false;

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#all.delete(end);
        resolve();
      };
      const timer = setTimeout(end, this.#isClosed ? 0 : ms);
      this.#all.add(end);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.end();
  }

  /** Those that there are. */
  end(): void {
    for (const end of [...this.#all]) end();
  }
}
