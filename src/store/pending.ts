/**
 * What is being written, by party. A bound that is checked before a write is awaited counts this, too: writes at once are then
 * no more than writes in a row.
 */

export class Pending {
  readonly #counts = new Map<string, number>();

  of(party: string): number {
    return this.#counts.get(party) ?? 0;
  }

  /** Counts one more for each party, from this call on and while `write` runs. */
  async during<T>(parties: readonly string[], write: () => Promise<T>): Promise<T> {
    for (const party of parties) this.#counts.set(party, this.of(party) + 1);
    try {
      return await write();
    } finally {
      for (const party of parties) this.#release(party);
    }
  }

  #release(party: string): void {
    const left = this.of(party) - 1;
    if (left > 0) this.#counts.set(party, left);
    else this.#counts.delete(party);
  }
}
