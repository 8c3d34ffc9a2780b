/** Requests for each second of processor time that the two ends of a tunnel used for them. */
import { childrenOf, processorUs } from './children.js';
import { perCpuSecond } from './goals.js';
import type { Samples } from './samples.js';
import type { Entrance } from './systems.js';

/** A stopwatch on the processor time of the ends of a tunnel. */
export class ProcessorTime {
  readonly #entrance: Entrance;
  readonly #startedUs: { readonly edge: number; readonly agent: number };

  /** Starts now. */
  constructor(entrance: Entrance) {
    this.#entrance = entrance;
    this.#startedUs = { edge: usOf(entrance.edgePid), agent: usOf(entrance.agentPid) };
  }

  /** The time of the edge since then, in microseconds. */
  get edgeUs(): number {
    return usOf(this.#entrance.edgePid) - this.#startedUs.edge;
  }

  get agentUs(): number {
    return usOf(this.#entrance.agentPid) - this.#startedUs.agent;
  }

  /** Adds how many of so many requests fit into a second of either; nothing for a system without the two. */
  add(samples: Samples, measure: string, system: string, requests: number): void {
    if (this.#entrance.edgePid === undefined) return;
    samples.add(perCpuSecond(measure, 'edge'), system, (requests * 1e6) / this.edgeUs);
    samples.add(perCpuSecond(measure, 'agent'), system, (requests * 1e6) / this.agentUs);
  }
}

/** Of a process and those that it has started: an edge with several workers is all of them. */
function usOf(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + (processorUs(one) ?? Number.NaN), 0);
}
