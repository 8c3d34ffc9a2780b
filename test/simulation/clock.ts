/**
 * Virtual time: what would happen in minutes happens as fast as it can be computed, in an order that only the seed decides. While it
 * is installed the timers and clocks of this process are virtual too, so that the code under test needs no change.
 */
import { Timer } from './timer.js';

/** What the wall clock shows at the start. */
export const START_MS = Date.UTC(2030, 0, 1);

export class VirtualClock {
  #nowMs = 0;
  /** What happens at each millisecond, in the order in which it was asked for. */
  readonly #turns = new Map<number, Timer[]>();
  /** The milliseconds of `#turns`, as a binary heap. */
  readonly #times: number[] = [];

  /** Milliseconds since the start. */
  get now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Timer {
    const timer = new Timer(run);
    const atMs = this.#nowMs + Math.max(0, Math.round(ms));
    const turn = this.#turns.get(atMs);
    if (turn !== undefined) turn.push(timer);
    else {
      this.#turns.set(atMs, [timer]);
      push(this.#times, atMs);
    }
    return timer;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Calls it again and again, first after a part of the interval. */
  every(ms: () => number, run: () => void, firstMs = ms()): { stop(): void } {
    let isStopped = false;
    const next = (waitMs: number) =>
      this.after(waitMs, () => {
        if (isStopped) return;
        run();
        next(ms());
      });
    next(firstMs);
    return {
      stop: () => {
        isStopped = true;
      },
    };
  }

  /** Lets everything happen up to a time. What one millisecond has begun is finished before the next one. */
  async runUntil(endMs: number): Promise<void> {
    for (let atMs = this.#times[0]; atMs !== undefined && atMs <= endMs; atMs = this.#times[0]) {
      pop(this.#times);
      this.#nowMs = atMs;
      const turn = this.#turns.get(atMs) ?? [];
      this.#turns.delete(atMs);
      for (const timer of turn) timer.fire();
      await settled();
    }
    this.#nowMs = endMs;
  }

  /** Makes timers and clocks of this process virtual. Returns what ends that. */
  install(): () => void {
    const real = {
      setTimeout: globalThis.setTimeout,
      clearTimeout: globalThis.clearTimeout,
      now: Date.now,
      monotonic: performance.now,
    };
    const virtual = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      this.after(ms, () => run(...args));
    globalThis.setTimeout = virtual as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer?: Timer | NodeJS.Timeout) =>
      timer instanceof Timer ? timer.cancel() : real.clearTimeout(timer)) as typeof clearTimeout;
    Date.now = () => START_MS + this.#nowMs;
    performance.now = () => this.#nowMs;
    return () => {
      globalThis.setTimeout = real.setTimeout;
      globalThis.clearTimeout = real.clearTimeout;
      Date.now = real.now;
      performance.now = real.monotonic;
    };
  }
}

/** Resolves once no promise of this process goes on by itself. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if ((heap[parent] as number) <= value) break;
    heap[at] = heap[parent] as number;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= last) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = last;
}
