/** A worker as its supervisor sees it: the process, the calls to it, and what it has of store and directory. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { DirectoryTable } from '../../cluster/directory-table.js';
import { Calls } from '../../cluster/ipc/calls.js';
import { serveDirectory } from '../../cluster/ipc/directory-server.js';
import { serveOthers } from '../../cluster/ipc/ipc-others.js';
import { serveStore } from '../../cluster/ipc/store-server.js';
import type { WorkerGroup } from '../../cluster/ipc/worker-group.js';
import type { AttemptCounter, AttemptKind } from '../../edge/request/attempts.js';
import type { Store } from '../../store/store.js';
import { type HandOut, portOfChild, type WorkerStart, type WorkerStatus } from './wire.js';

export interface WorkerParts {
  readonly store: Store;
  readonly table: DirectoryTable;
  readonly group: WorkerGroup;
  /** What all workers count together. */
  readonly attempts: AttemptCounter;
  /** The script of this command, and its arguments. */
  readonly command: readonly [script: string, ...args: string[]];
  readonly start: WorkerStart;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export class WorkerProcess {
  readonly slot: number;
  /** Resolves once it serves; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;
  readonly #calls: Calls;
  #isServing = false;

  constructor({ store, table, group, attempts, command, start }: WorkerParts) {
    const [script, ...args] = command;
    this.slot = start.slot;
    this.#child = fork(script, args, { serialization: 'advanced' });
    const calls = () => this.#calls;
    const ofStore = serveStore({ store, group, calls });
    const ofDirectory = serveDirectory({ table, group, calls });
    let isReady: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    this.#calls = new Calls(
      portOfChild(this.#child),
      new Map<string, (...args: never[]) => unknown>([
        ...ofStore.methods,
        ...ofDirectory.methods,
        ...serveOthers(group, calls),
        ['attempts.consume', (kind: AttemptKind, party: string) => attempts.consume(kind, party)],
        ['attempts.reward', (kind: AttemptKind, party: string) => attempts.reward(kind, party)],
        ['worker.start', () => start],
        ['worker.ready', () => isReady()],
      ]),
    );
    group.add(this.#calls);
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#isServing = false;
        group.delete(this.#calls);
        ofStore.close();
        ofDirectory.close();
        resolve({ code, signal });
      });
    });
    const endedFirst = this.ended.then((end) => {
      throw new WorkerEnded(end);
    });
    this.ready = Promise.race([ready, endedFirst]).then(() => {
      this.#isServing = true;
    });
    this.ready.catch(() => {}); // `ended` says it, too
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it takes connections. */
  get isServing(): boolean {
    return this.#isServing && this.#child.connected;
  }

  /** Gives it a connection of one of the listeners. `failed` is called if it cannot take it. */
  handOut(socket: Socket, listener: number, failed: () => void): void {
    const message: HandOut = { postern: 'connection', listener };
    this.#child.send(message, socket, (error) => {
      if (error !== null) failed();
    });
  }

  status(): Promise<WorkerStatus> {
    return this.#calls.call('worker.status');
  }

  serves(host: string): Promise<boolean> {
    return this.#calls.call('worker.serves', host);
  }

  reload(): void {
    this.#calls.tell('worker.reload');
  }

  /** Another worker has its place: its agents go there, and its visitors. Then it ends, as with `drain`. */
  async retire(): Promise<void> {
    this.#isServing = false;
    await this.#calls.call('worker.move').catch(() => {}); // it has died meanwhile
    this.#calls.tell('worker.drain');
  }

  /** Takes no more connections, finishes what runs, and ends. */
  async drain(): Promise<void> {
    this.#isServing = false;
    this.#calls.tell('worker.drain');
    await this.ended;
  }

  /** Breaks off what runs; `drain` goes on. */
  destroy(): void {
    this.#calls.tell('worker.destroy');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A worker has ended before it served. */
export class WorkerEnded extends Error {
  override readonly name = 'WorkerEnded';
  readonly end: WorkerEnd;

  constructor(end: WorkerEnd) {
    super('a worker ended at its start');
    this.end = end;
  }
}
