/** Ids by the group that each is in: those of one group are found without walking those of all others. */

export class GroupedIds {
  readonly #idsByGroup = new Map<string, Set<string>>();
  readonly #groupById = new Map<string, string>();

  /** The ids of a group. */
  of(group: string): ReadonlySet<string> {
    return this.#idsByGroup.get(group) ?? NONE;
  }

  /** The group that an id is in. */
  groupOf(id: string): string | undefined {
    return this.#groupById.get(id);
  }

  groups(): string[] {
    return [...this.#idsByGroup.keys()];
  }

  /** Puts an id into a group, and out of the one that it was in. */
  set(id: string, group: string): void {
    if (this.#groupById.get(id) === group) return;
    this.delete(id);
    this.#groupById.set(id, group);
    this.#idsByGroup.set(group, (this.#idsByGroup.get(group) ?? new Set<string>()).add(id));
  }

  delete(id: string): void {
    const group = this.#groupById.get(id);
    if (group === undefined) return;
    this.#groupById.delete(id);
    const ids = this.#idsByGroup.get(group);
    if (ids?.delete(id) && ids.size === 0) this.#idsByGroup.delete(group);
  }
}

const NONE: ReadonlySet<string> = new Set();
