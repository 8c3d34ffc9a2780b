/**
 * The supervisor of several workers: it listens and hands connections out, has the one store and the one directory of the machine,
 * starts a worker again that has died, and says at the admin address how all of them are. No byte of a visitor passes through it.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryTable } from '../../cluster/directory-table.js';
import { WorkerGroup } from '../../cluster/ipc/worker-group.js';
import type { EdgeConfig } from '../../config/edge-config.js';
import type { InheritedSocket } from '../../config/endpoints.js';
import { Backoff } from '../../core/backoff.js';
import type { Log } from '../../core/log.js';
import { MemoryAttempts } from '../../edge/request/attempts.js';
import { openStore } from '../../edge/state.js';
import { Listeners } from '../../edge/visitors/listen/listeners.js';
import { PosternError } from '../../errors.js';
import { MemoryStore } from '../../store/memory.js';
import type { Store } from '../../store/store.js';
import { CommandError, EXIT } from '../process/exit.js';
import { type AdminAddress, openAdmin } from './admin.js';
import { HandOuts } from './hand-out.js';
import { WorkerEnded, WorkerProcess } from './worker-process.js';

export interface SupervisorOptions {
  readonly log: Log;
  readonly inherited: readonly InheritedSocket[];
  readonly command: readonly [script: string, ...args: string[]];
}

// A worker that dies again and again is started less and less often. One that has served for so long begins again at once.
const RESTART = { firstMs: 100, maxMs: 30_000 };
const STABLE_MS = 60_000;

// A worker ends what runs when its own time is over, `POSTERN_DRAIN`; one that has not ended by then stands still.
const LATE_MS = 5_000;

export class Supervisor {
  readonly #config: EdgeConfig;
  readonly #options: SupervisorOptions;
  readonly #store: Store;
  readonly #table = new DirectoryTable();
  readonly #group = new WorkerGroup();
  readonly #attempts = new MemoryAttempts();
  readonly #folder = makeFolder();
  readonly #machine = randomUUID();
  readonly #workers = new Map<number, WorkerProcess>();
  /** Those that another one has replaced, and that one that is about to. */
  readonly #leaving = new Set<WorkerProcess>();
  #restarting: Promise<void> | undefined;
  readonly #handOuts = new HandOuts(() => [...this.#workers.values()]);
  readonly #backoff = new Backoff(RESTART);
  #listeners: Listeners | undefined;
  #admin: AdminAddress | undefined;
  #starts = 0;
  #closing: Promise<void> | undefined;

  private constructor(config: EdgeConfig, store: Store, options: SupervisorOptions) {
    this.#config = config;
    this.#store = store;
    this.#options = options;
    process.once('exit', () => {
      for (const worker of [...this.#workers.values(), ...this.#leaving]) worker.kill();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  /** Resolves once all workers serve. Rejects with a `ListenError`, or with a `CommandError` when a worker cannot start. */
  static async start(config: EdgeConfig, options: SupervisorOptions): Promise<Supervisor> {
    // A store that edges share is opened by each worker for itself.
    const store = config.store === undefined ? await openStore(config, options.log) : new MemoryStore();
    const supervisor = new Supervisor(config, store, options);
    try {
      await supervisor.#start();
      return supervisor;
    } catch (error) {
      await supervisor.#release();
      if (!(error instanceof WorkerEnded)) throw error;
      // It has said why.
      throw new CommandError('a worker could not start', error.end.code || EXIT.failure, { cause: error });
    }
  }

  get url(): string {
    return this.#config.base.origin;
  }

  get port(): number {
    return this.#listeners?.all.find(({ port }) => port !== undefined)?.port ?? 0;
  }

  get addresses(): readonly string[] {
    return this.#listeners?.all.map(({ text }) => text) ?? [];
  }

  get adminPort(): number {
    return this.#admin?.port ?? 0;
  }

  /**
   * Replaces the workers, one after the other, by new ones that read options and files again. One that cannot start replaces none,
   * and those there are go on.
   */
  reload(): void {
    for (const worker of this.#workers.values()) worker.reload();
    this.#restarting = (this.#restarting ?? Promise.resolve())
      .then(() => this.#replaceAll())
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'the workers could not be replaced'));
  }

  /** Stops: no new connection; running requests have `POSTERN_DRAIN`. Resolves when every worker has ended. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #start(): Promise<void> {
    const { listen: endpoints, workers } = this.#config;
    this.#listeners = await Listeners.open({
      ...{ endpoints, inherited: this.#options.inherited, isPaused: true },
      accept: (socket, listener) => this.#handOuts.give(socket, this.#listeners?.all.indexOf(listener) ?? 0),
    });
    const slots = Array.from({ length: workers }, (_, at) => at + 1);
    await Promise.all(slots.map((slot) => this.#startWorker(slot).ready));
    this.#admin = await openAdmin(this.#config.adminListen, {
      workers: () => [...this.#workers.values()],
      store: this.#config.store === undefined ? this.#store : undefined,
      isClosing: () => this.#closing !== undefined,
    });
  }

  async #replaceAll(): Promise<void> {
    for (const slot of [...this.#workers.keys()]) {
      if (this.#closing !== undefined) return;
      const former = this.#workers.get(slot);
      const worker = this.#spawn(slot);
      this.#leaving.add(worker); // until it serves it has no slot, and ends with the edge
      const isReady = await worker.ready.then(
        () => true,
        () => false,
      );
      this.#leaving.delete(worker);
      if (!isReady || this.#closing !== undefined) {
        this.#options.log.error({ worker: slot }, 'a new worker cannot start: those that there are go on');
        return worker.kill();
      }
      this.#keep(slot, worker);
      if (former === undefined) continue;
      this.#leaving.add(former);
      void former.ended.then(() => this.#leaving.delete(former));
      await former.retire(this.#config.drainMs + LATE_MS);
    }
    this.#options.log.info({}, 'the workers were replaced');
  }

  #startWorker(slot: number): WorkerProcess {
    const worker = this.#spawn(slot);
    this.#keep(slot, worker);
    return worker;
  }

  #spawn(slot: number): WorkerProcess {
    const peer = join(this.#folder, `${++this.#starts}.sock`);
    const worker = new WorkerProcess({
      ...{
        store: this.#store,
        table: this.#table,
        group: this.#group,
        attempts: this.#attempts,
        command: this.#commandOf(slot),
      },
      start: { slot, peer, machine: this.#machine, listeners: this.#listeners?.all ?? [] },
    });
    void worker.ended.then(() => rmSync(peer, { force: true }));
    return worker;
  }

  /** From now on the worker has the slot, and is started again when it ends. */
  #keep(slot: number, worker: WorkerProcess): void {
    this.#workers.set(slot, worker);
    const startedMs = performance.now();
    void worker.ready.then(
      () => this.#handOuts.resume(),
      () => {}, // `ended` follows
    );
    void worker.ended.then((end) => {
      if (this.#closing !== undefined || this.#workers.get(slot) !== worker) return;
      if (this.#admin === undefined && !worker.hasServed) return; // the edge does not start
      if (performance.now() - startedMs > STABLE_MS) this.#backoff.reset();
      const waitMs = Math.round(this.#backoff.next());
      this.#options.log.error(
        { worker: slot, pid: worker.pid, exitCode: end.code, signal: end.signal, waitMs },
        'a worker has ended and is started again',
      );
      const isMissing = () => this.#closing === undefined && this.#workers.get(slot) === worker;
      setTimeout(() => isMissing() && this.#startWorker(slot), waitMs).unref();
    });
  }

  #commandOf(slot: number): readonly [script: string, ...args: string[]] {
    return [...this.#options.command, '--worker', String(slot)];
  }

  async #stop(): Promise<void> {
    // Connections come until the agents are at other machines.
    if (this.#config.peer !== undefined)
      await Promise.all([...this.#workers.values()].map((worker) => worker.moveAway('this machine')));
    const listening = this.#listeners?.close();
    this.#handOuts.close();
    const workers = [...this.#workers.values(), ...this.#leaving];
    const late = setTimeout(() => {
      for (const worker of workers) worker.kill();
    }, this.#config.drainMs + LATE_MS);
    await Promise.all(workers.map((worker) => worker.drain()));
    clearTimeout(late);
    await listening;
    await this.#release();
  }

  async #release(): Promise<void> {
    this.#closing ??= Promise.resolve();
    for (const worker of [...this.#workers.values(), ...this.#leaving]) worker.kill();
    void this.#listeners?.close();
    await this.#admin?.close();
    await this.#store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** For the sockets of the workers. Throws `ERR_CONFIG_INVALID` where no folder can be made, as in a container that may write nowhere. */
function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'postern-')); // 0700: no other user reaches the sockets in it
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    const sentence = `POSTERN_WORKERS: workers need a folder for their sockets, and none can be made in ${tmpdir()} (${code}): `;
    const remedy = 'mount a tmpfs there, or name another folder in TMPDIR.';
    throw new PosternError('ERR_CONFIG_INVALID', sentence + remedy, { cause });
  }
}
