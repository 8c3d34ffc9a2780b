/**
 * An intrusive FIFO queue of streams. A node is in at most one queue and holds the links itself: the queues of an idle
 * connection hold nothing, and queueing costs neither an allocation nor a hash.
 */

/** What can be queued. The fields belong to the queue. */
export interface QueueNode<T extends QueueNode<T>> {
  queue: IntrusiveQueue<T> | undefined;
  next: T | undefined;
  previous: T | undefined;
}

export class IntrusiveQueue<T extends QueueNode<T>> {
  #first: T | undefined;
  #last: T | undefined;

  /** The node whose turn it is. */
  get first(): T | undefined {
    return this.#first;
  }

  /** Appends a node, unless it is queued here already. Removes it from the queue where it was. */
  add(node: T): void {
    if (node.queue === this) return;
    node.queue?.remove(node);
    node.queue = this;
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
  }

  /** Adds a node before the first of the last nodes that belong behind it. Removes it from the queue where it was. */
  addBefore(node: T, isBehind: (other: T) => boolean): void {
    if (node.queue === this) return;
    let next: T | undefined;
    for (let other = this.#last; other !== undefined && isBehind(other); other = other.previous) next = other;
    this.add(node);
    if (next !== undefined) this.#moveLast(node, next);
  }

  /** Removes a node, if it is queued here. */
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

  /** Removes all nodes. */
  clear(): void {
    for (let node = this.#first; node !== undefined; node = this.#first) this.remove(node);
  }

  /** Moves the last node before another. */
  #moveLast(node: T, next: T): void {
    this.remove(node);
    const { previous } = next;
    node.queue = this;
    node.next = next;
    node.previous = previous;
    next.previous = node;
    if (previous === undefined) this.#first = node;
    else previous.next = node;
  }
}
