/** Hands connections out to workers in turn. Those that come while none serves wait for one. */
import type { Socket } from 'node:net';
import type { WorkerProcess } from './worker-process.js';

// A restart of the only worker takes a second; more than these would be too many for it anyway.
const MAX_WAITING = 1_000;

interface Waiting {
  readonly socket: Socket;
  readonly listener: number;
}

export class HandOuts {
  readonly #workers: () => readonly WorkerProcess[];
  #waiting: Waiting[] = [];
  #turn = 0;

  /** `workers`: those that there are, serving or not. */
  constructor(workers: () => readonly WorkerProcess[]) {
    this.#workers = workers;
  }

  /** Takes over a connection of which nothing was read. */
  give(socket: Socket, listener: number): void {
    const serving = this.#workers().filter(({ isServing }) => isServing);
    const worker = serving[this.#turn++ % serving.length];
    if (worker !== undefined) worker.handOut(socket, listener);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ socket, listener });
    else socket.destroy();
  }

  /** A worker serves now. */
  resume(): void {
    for (const { socket, listener } of this.#waiting.splice(0)) this.give(socket, listener);
  }

  close(): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }
}
