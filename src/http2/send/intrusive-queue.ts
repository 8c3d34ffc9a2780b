/**
 * Streams that wait for their turn, first come first served. Each stands in one list at most and is its own link in it:
 * the lists of an idle connection hold nothing, and taking turns costs neither memory nor hashing.
 */

/** What can stand in a list. The fields are the list's. */
export interface QueueNode<T extends QueueNode<T>> {
  list: IntrusiveQueue<T> | undefined;
  next: T | undefined;
  previous: T | undefined;
}

export class IntrusiveQueue<T extends QueueNode<T>> {
  #first: T | undefined;
  #last: T | undefined;

  /** Whose turn it is. */
  get first(): T | undefined {
    return this.#first;
  }

  /** Puts one behind all others, unless it waits here already. Takes it out of the list where it was. */
  add(one: T): void {
    if (one.list === this) return;
    one.list?.remove(one);
    one.list = this;
    one.previous = this.#last;
    if (this.#last === undefined) this.#first = one;
    else this.#last.next = one;
    this.#last = one;
  }

  /** Takes one out, if it is here. */
  remove(one: T): void {
    if (one.list !== this) return;
    const { next, previous } = one;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    one.list = undefined;
    one.next = undefined;
    one.previous = undefined;
  }

  /** Takes out all. */
  empty(): void {
    for (let one = this.#first; one !== undefined; one = this.#first) this.remove(one);
  }
}
