/**
 * Streams that wait for their turn, first come first served. Each stands in one list at most and is its own link in it:
 * the lists of an idle connection hold nothing, and taking turns costs neither memory nor hashing.
 */

/** What can stand in a list. The fields are the list's. */
export interface QueueNode<T extends QueueNode<T>> {
  queue: IntrusiveQueue<T> | undefined;
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
  add(node: T): void {
    if (node.queue === this) return;
    node.queue?.remove(node);
    node.queue = this;
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
  }

  /** Takes one out, if it is here. */
  remove(node: T): void {
    if (node.queue !== this) return;
    const { next, previous } = node;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    node.queue = undefined;
    node.next = undefined;
    node.previous = undefined;
  }

  /** Takes out all. */
  clear(): void {
    for (let node = this.#first; node !== undefined; node = this.#first) this.remove(node);
  }
}
