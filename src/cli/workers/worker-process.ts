/** A worker as its supervisor sees it: the process, the calls to it, and what it has of store and directory. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { DirectoryTable } from '../../cluster/directory-table.js';
import { Calls } from '../../cluster/ipc/calls.js';
import { serveDirectory } from '../../cluster/ipc/directory-server.js';
import { serveOthers } from '../../cluster/ipc/ipc-others.js';
import { serveStore } from '../../cluster/ipc/store-server.js';
import type { WorkerGroup } from '../../cluster/ipc/worker-group.js';
import type { Beyond } from '../../edge/node.js';
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

// A worker takes a connection in a turn of its event loop.
const MAX_HANDED_OUT = 1_000;

// A probe of the admin address waits no longer for a worker that stands still.
const STATUS_MS = 1_000;

// Agents have fifteen seconds to dial elsewhere.
const MOVE_MS = 30_000;

export class WorkerProcess {
  readonly slot: number;
  /** Resolves once it serves; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;
  readonly #calls: Calls;
  /** Connections on their way to it: nothing else would close them if it ends first. */
  readonly #handedOut = new Set<Socket>();
  #isServing = false;
  #hasServed = false;

  constructor({ store, table, group, attempts, command, start }: WorkerParts) {
    const [script, ...args] = command;
    this.slot = start.slot;
    this.#child = fork(script, args, { serialization: 'advanced' });
    const calls = () => this.#calls;
    const ofStore = serveStore({ store, group, calls });
    const ofDirectory = serveDirectory({ table, group, calls });
    // From now on it is told, and responds: before, every write of the others would wait for it.
    const begin = () => {
      group.add(this.#calls);
      return start;
    };
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
        ['worker.start', begin],
        ['worker.ready', () => isReady()],
      ]),
    );
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null) => {
        this.#isServing = false;
        for (const socket of this.#handedOut) socket.destroy();
        group.delete(this.#calls);
        ofStore.close();
        ofDirectory.close();
        resolve({ code, signal });
      };
      this.#child.once('exit', end);
      this.#child.on('error', () => this.#child.pid === undefined && end(null, null)); // there is no process, and no `exit`
    });
    const endedFirst = this.ended.then((end) => {
      throw new WorkerEnded(end);
    });
    this.ready = Promise.race([ready, endedFirst]).then(() => {
      this.#isServing = true;
      this.#hasServed = true;
    });
    this.ready.catch(() => {}); // `ended` says it, too
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it takes connections: one that stands still takes no more. */
  get isServing(): boolean {
    return this.#isServing && this.#child.connected && this.#handedOut.size < MAX_HANDED_OUT;
  }

  /** Whether it has ever served. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Gives it a connection of one of the listeners, which ends if the worker cannot take it. */
  handOut(socket: Socket, listener: number): void {
    const message: HandOut = { postern: 'connection', listener };
    this.#handedOut.add(socket);
    // Node would keep the handle of its own until the worker has taken it, and for ever if that dies first.
    this.#child.send(message, socket, { keepOpen: true }, () => {
      this.#handedOut.delete(socket);
      socket.destroy(); // our copy: the worker has its own by now
    });
  }

  /** Rejects when it does not respond in time. */
  status(): Promise<WorkerStatus> {
    return this.#calls.callWithin(STATUS_MS, 'worker.status');
  }

  serves(host: string): Promise<boolean> {
    return this.#calls.callWithin(STATUS_MS, 'worker.serves', host);
  }

  reload(): void {
    this.#calls.tell('worker.reload');
  }

  /** Another worker has its place: its agents go there, and its visitors. Then it has `drainMs` to finish what runs. */
  async retire(drainMs: number): Promise<void> {
    this.#isServing = false;
    await this.moveAway('this process');
    this.#calls.tell('worker.drain');
    const late = setTimeout(() => this.kill(), drainMs);
    void this.ended.then(() => clearTimeout(late));
  }

  /** Its agents go to other nodes. It serves meanwhile. */
  async moveAway(beyond: Beyond): Promise<void> {
    await this.#calls.callWithin(MOVE_MS, 'worker.move', beyond).catch(() => {}); // it has died meanwhile, or stands still
  }

  /** Takes no more connections, finishes what runs, and ends. */
  async drain(): Promise<void> {
    this.#isServing = false;
    this.#calls.tell('worker.drain');
    await this.ended;
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
