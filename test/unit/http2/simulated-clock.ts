/** A clock of a simulation, and what happens at which of its times. */

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** The simulated time: tasks run in order, and the clock does not advance while they run. */
export class SimulatedClock {
  nowMs = 0;
  #order = 0;
  readonly #heap: Task[] = [];

  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    let index = heap.length;
    const task = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    for (; index > 0; index = (index - 1) >> 1) {
      const parent = heap[(index - 1) >> 1] as Task;
      if (!isBefore(task, parent)) break;
      heap[index] = parent;
    }
    heap[index] = task;
  }

  /** Runs the next task; false if there is none before `endMs`. */
  step(endMs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > endMs) return false;
    const last = this.#heap.pop() as Task;
    if (last !== first) this.#sink(last);
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  #sink(task: Task): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Task, heap[child] as Task)) child += 1;
      if (!isBefore(heap[child] as Task, task)) break;
      heap[index] = heap[child] as Task;
      index = child;
    }
    heap[index] = task;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
