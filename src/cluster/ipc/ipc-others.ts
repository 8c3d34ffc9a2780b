/** The other workers of a machine, by way of their supervisor. */
import type { Others } from '../others.js';
import type { Calls, Methods } from './calls.js';
import type { WorkerGroup } from './worker-group.js';

const PREFIX = 'others.';

export class IpcOthers implements Others {
  readonly #calls: () => Calls;
  readonly #methods: Map<string, (...args: never[]) => unknown>;

  /** `methods`: those of this worker, which the supervisor calls. */
  constructor(calls: () => Calls, methods: Map<string, (...args: never[]) => unknown>) {
    this.#calls = calls;
    this.#methods = methods;
  }

  on(method: string, respond: (...args: never[]) => unknown): void {
    this.#methods.set(PREFIX + method, respond);
  }

  ask<Result>(method: string, ...args: readonly unknown[]): Promise<Result[]> {
    return this.#calls().call('group.ask', PREFIX + method, args);
  }

  tell(method: string, ...args: readonly unknown[]): void {
    this.#calls().tell('group.tell', PREFIX + method, args);
  }
}

/** The supervisor's half: passes on what one worker asks and tells the others. */
export function serveOthers(group: WorkerGroup, calls: () => Calls): Methods {
  return new Map<string, (...args: never[]) => unknown>([
    ['group.ask', (method: string, args: readonly unknown[]) => group.ask(calls(), method, args)],
    ['group.tell', (method: string, args: readonly unknown[]) => group.tell(calls(), method, args)],
  ]);
}
