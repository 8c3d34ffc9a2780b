/**
 * The store of one edge with a state folder (`POSTERN_STATE_DIR`): everything is in memory and in a journal. Writes that arrive
 * while the disk is busy share the next flush. Each is evaluated in its turn, made durable, and only then visible and
 * acknowledged. A disk that does not take a write makes that write fail, and nothing else.
 */
import { type Log, silentLog } from '../core/log.js';
import { PosternError } from '../errors.js';
import { type Files, SYSTEM_FILES } from './files.js';
import { type OpenedFolder, openFolder } from './state-folder.js';
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from './store.js';
import { Table, type Write } from './table.js';

export interface FolderStoreOptions {
  /** Told when the disk no longer takes writes, and when it does again. */
  readonly log?: Log;
  /** The most live entries of each kind. Default: `MAX_ENTRIES` of `table.ts`. */
  readonly maxEntries?: number;
  /** The journal becomes a snapshot when it is three times as large as after the last one, and has this size. */
  readonly snapshotFromBytes?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  readonly files?: Files;
}

/** The most writes that wait for a disk. A disk that stands still makes further ones fail at once. */
export const MAX_WAITING_WRITES = 1_000;

const SNAPSHOT_FROM_BYTES = 1_048_576;
const SNAPSHOT_GROWTH = 3;

interface Waiting {
  readonly key: string;
  /** The write that it amounts to, given the entry that is there in its turn. */
  evaluate(current: Entry | undefined): Write | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

interface Batch {
  readonly writes: readonly Write[];
  /** Each with its write, if it amounts to one. */
  readonly accepted: ReadonlyMap<Waiting, Write | undefined>;
}

export class FolderStore implements Store {
  readonly #table: Table;
  readonly #folder: OpenedFolder;
  readonly #log: Log;
  readonly #snapshotFromBytes: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isFailing = false;
  #failedWrites = 0;
  /** A snapshot that failed is not tried again before the journal has this size. */
  #noSnapshotBelowBytes = 0;

  private constructor(folder: OpenedFolder, { log, maxEntries, snapshotFromBytes, now }: FolderStoreOptions) {
    this.#folder = folder;
    this.#log = log ?? silentLog;
    this.#snapshotFromBytes = snapshotFromBytes ?? SNAPSHOT_FROM_BYTES;
    this.#table = new Table(now ?? Date.now, maxEntries, folder.lastVersion);
    for (const write of folder.writes) this.#table.apply(write);
  }

  /**
   * Opens a folder, or makes it, and locks it until `close`. Rejects with `ERR_CONFIG_INVALID`, and changes nothing, when it
   * cannot be used, is in use, is of a newer version or damaged.
   */
  static async open(path: string, options: FolderStoreOptions = {}): Promise<FolderStore> {
    return new FolderStore(await openFolder(path, options.files ?? SYSTEM_FILES), options);
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#table.find(key);
  }

  put(key: string, value: string, options: PutOptions = {}): Promise<Entry | undefined> {
    return this.#write(key, (current) => this.#table.put(current, key, value, options));
  }

  async delete(key: string, ifVersion?: number): Promise<boolean> {
    return (await this.#write(key, (current) => this.#table.delete(current, key, ifVersion))) !== undefined;
  }

  async list(prefix: string, options?: ListOptions): Promise<Entry[]> {
    return this.#table.list(prefix, options);
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    const close = this.#table.watch(prefix, listener);
    return { ready: Promise.resolve(), close };
  }

  stats(): StoreStats {
    const { bytes } = this.#folder.journal.growth;
    return { entries: this.#table.sizes(), journalBytes: bytes, failedWrites: this.#failedWrites };
  }

  /** Waits for the writes that were begun, then lets another process have the folder. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#flushing;
    this.#table.clear();
    await this.#folder.journal.close();
    await this.#folder.lock.release();
  }

  async #write<W extends Write>(
    key: string,
    evaluate: (current: Entry | undefined) => W | undefined,
  ): Promise<W | undefined> {
    if (this.#closing !== undefined) throw unavailable('the state folder was closed');
    if (this.#waiting.length >= MAX_WAITING_WRITES) {
      this.#failedWrites += 1;
      throw unavailable('the disk of the state folder is too slow');
    }
    return new Promise((resolve, reject) => {
      let write: W | undefined;
      this.#waiting.push({
        key,
        evaluate: (current) => {
          write = evaluate(current);
          return write;
        },
        resolve: () => resolve(write),
        reject,
      });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    await undefined; // the writes of this turn share the first flush
    while (this.#waiting.length > 0) {
      const batch = this.#evaluate(this.#waiting);
      this.#waiting = [];
      if (await this.#persist(batch)) this.#publish(batch);
      await this.#snapshotIfGrown();
    }
    this.#flushing = undefined;
  }

  // Each is evaluated against what is there and what those before it in the same flush will write.
  #evaluate(waiting: readonly Waiting[]): Batch {
    const written = new Map<string, Write>();
    const writes: Write[] = [];
    const accepted = new Map<Waiting, Write | undefined>();
    for (const one of waiting) {
      try {
        const write = one.evaluate(this.#current(one.key, written));
        accepted.set(one, write);
        if (write === undefined) continue;
        written.set(one.key, write);
        writes.push(write);
      } catch (error) {
        one.reject(error);
      }
    }
    return { writes, accepted };
  }

  #current(key: string, written: ReadonlyMap<string, Write>): Entry | undefined {
    const write = written.get(key);
    if (write === undefined) return this.#table.find(key);
    return write.value !== undefined && this.#table.isLive(write) ? write : undefined;
  }

  async #persist({ writes, accepted }: Batch): Promise<boolean> {
    if (writes.length === 0) return true;
    try {
      await this.#folder.journal.append(writes);
      if (this.#isFailing) this.#log.info({}, 'the state folder can be written again');
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) this.#log.error(fieldsOf(error), 'the state folder cannot be written: what needs it fails');
      this.#isFailing = true;
      this.#table.discard();
      this.#failedWrites += accepted.size;
      for (const one of accepted.keys()) one.reject(unavailable('the state folder cannot be written', error));
      return false;
    }
  }

  // A watcher that throws fails the write that it was told of, which has happened, and no other one.
  #publish({ accepted }: Batch): void {
    for (const [one, write] of accepted) {
      try {
        if (write !== undefined) this.#table.apply(write);
        one.resolve();
      } catch (error) {
        one.reject(error);
      }
    }
  }

  async #snapshotIfGrown(): Promise<void> {
    const { journal } = this.#folder;
    const { factor, bytes } = journal.growth;
    if (factor < SNAPSHOT_GROWTH || bytes < Math.max(this.#snapshotFromBytes, this.#noSnapshotBelowBytes)) return;
    try {
      await journal.replace([...this.#table.live()], this.#table.version);
      this.#noSnapshotBelowBytes = 0;
    } catch (error) {
      this.#noSnapshotBelowBytes = 2 * bytes;
      this.#log.warn(fieldsOf(error), 'no snapshot of the state folder could be written: its journal goes on growing');
    }
  }
}

function fieldsOf(error: unknown): { readonly code: unknown } {
  return { code: (error as NodeJS.ErrnoException).code };
}

function unavailable(message: string, cause?: unknown): PosternError {
  return new PosternError('ERR_STORE_UNAVAILABLE', message, { cause });
}
