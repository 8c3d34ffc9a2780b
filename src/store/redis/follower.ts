/**
 * Follows the stream of changes, in the order of their versions, with a connection of its own. It knows the last change by version and
 * tag, and the next one has to name that tag: a gap, a server that was emptied or that is an older copy does not go unnoticed.
 * Then it begins again at what the server has. While nothing changes it asks once a second whether that is still so.
 */

import { startDeadline } from '../../core/deadline.js';
import type { Change } from '../store.js';
import { decodeText, type KeyNames, readEntry } from './codec.js';
import { type RedisConnection, unavailable } from './connection.js';
import { causeOf } from './problem.js';

/** The last change that was seen. */
interface Position {
  readonly version: number;
  readonly tag: string;
}

export interface FollowerOptions {
  readonly connection: Pick<RedisConnection, 'isUp' | 'run' | 'renew'>;
  readonly names: KeyNames;
  readonly onChange: (key: string, change: Exclude<Change, { kind: 'all' }>, version: number) => void;
  /** What was known may be wrong: it has to be read again. It may lack what was known. */
  readonly onRestart: (isOlder: boolean) => void;
  /** Monotonic. */
  readonly now?: () => number;
}

/** How long it waits for a change before it asks whether it has missed one. */
export const LOOK_INTERVAL_MS = 1_000;

const BATCH = 500;

// As `scripts.ts` writes them.
const FIELDS = ['key', 'entry', 'tag', 'before'];

const FAILED = { text: 'has replied with something that is no change', isPermanent: false };

export class Follower {
  readonly #options: FollowerOptions;
  readonly #now: () => number;
  /** By version: a change completes only the writes of its own, however many wait. */
  readonly #waiters = new Map<number, Set<() => void>>();
  #position: Position | undefined;
  #isRunning = false;
  #isClosed = false;
  #restarts = 0;
  #verifiedAtMs: number;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#verifiedAtMs = this.#now();
  }

  /** For how long it is not known whether something has changed. */
  get ageMs(): number {
    return this.#now() - this.#verifiedAtMs;
  }

  /** How often it has begun again, after the first time. */
  get restarts(): number {
    return Math.max(0, this.#restarts - 1);
  }

  /** Goes on, as its connection can be used again. */
  start(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    void this.#follow().finally(() => {
      this.#isRunning = false;
      if (this.#options.connection.isUp) this.start(); // it came back in the same turn
    });
  }

  /** Resolves once all changes up to a version were told; rejects with `ERR_STORE_UNAVAILABLE` after the time. */
  reached(version: number, deadlineMs: number): Promise<void> {
    if (this.#position !== undefined && this.#position.version >= version) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = startDeadline(deadlineMs, () => {
        this.#leave(version, waiter);
        reject(unavailable('does not tell of changes in time'));
      });
      const waiter = () => {
        end();
        resolve();
      };
      const waiters = this.#waiters.get(version);
      if (waiters === undefined) this.#waiters.set(version, new Set([waiter]));
      else waiters.add(waiter);
    });
  }

  #leave(version: number, waiter: () => void): void {
    const waiters = this.#waiters.get(version);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(version);
  }

  close(): void {
    this.#isClosed = true;
  }

  async #follow(): Promise<void> {
    const { connection } = this.#options;
    try {
      while (connection.isUp && !this.#isClosed) await this.#look();
    } catch (error) {
      // The connection knows of its own failures; a reply that makes no sense is of something that is no Redis.
      if (connection.isUp && !this.#isClosed) connection.renew(causeOf(error) ?? FAILED);
    }
  }

  async #look(): Promise<void> {
    const before = this.#position;
    if (before === undefined) return this.#restart();
    const { connection, names } = this.#options;
    const id = `${before.version}-0`;
    const reply = await connection.run(
      'XREAD',
      'COUNT',
      BATCH,
      'BLOCK',
      LOOK_INTERVAL_MS,
      'STREAMS',
      names.changes,
      id,
    );
    const records = readRecords(reply);
    if (this.#isClosed) return;
    for (const record of records) if (record === undefined || !this.#advance(record)) return this.#restart(record);
    if (records.length < BATCH) await this.#verify(records.length === 0);
  }

  // A server that has lost what came last has an older head, and one with another past another tag.
  async #verify(isIdle: boolean): Promise<void> {
    const at = this.#now();
    if (isIdle) {
      const head = await this.#head();
      const { version, tag } = this.#position as Position; // `#look` has one
      if (head.version < version || (head.version === version && head.tag !== tag)) return this.#restart();
      if (head.version > version) return; // a change has just come: the next look has it, or finds that it is not there
    }
    this.#verifiedAtMs = at;
  }

  async #restart(found?: StoredChange): Promise<void> {
    const at = this.#now();
    const before = this.#position;
    const head = await this.#head();
    this.#position = head;
    for (const version of [...this.#waiters.keys()]) if (version <= head.version) this.#reach(version);
    this.#restarts += 1;
    this.#verifiedAtMs = at;
    this.#options.onRestart(before !== undefined && isOlder(before, head, found));
  }

  async #head(): Promise<Position> {
    const reply = await this.#options.connection.run('HMGET', this.#options.names.head, 'version', 'tag');
    const [version, tag] = Array.isArray(reply) ? (reply as unknown[]) : [];
    if (version === null && tag === null) return { version: 0, tag: '' };
    if (typeof version !== 'string' || !/^\d{1,15}$/.test(version) || typeof tag !== 'string')
      throw unavailable(FAILED.text);
    return { version: Number(version), tag };
  }

  #advance({ version, tag, before, key, entry }: StoredChange): boolean {
    const position = this.#position as Position; // `#look` has one
    if (version !== position.version + 1 || before !== position.tag) return false;
    const written = entry === '' ? undefined : readEntry(key, entry);
    if (written !== undefined && written.version !== version) return false;
    // An entry that no store has written counts as one that is not there.
    this.#options.onChange(
      key,
      written === undefined ? { kind: 'deleted', key } : { kind: 'put', entry: written },
      version,
    );
    this.#position = { version, tag };
    this.#reach(version);
    return true;
  }

  #reach(version: number): void {
    const waiters = this.#waiters.get(version);
    if (waiters === undefined) return;
    this.#waiters.delete(version);
    for (const resolve of waiters) resolve();
  }
}

// Whether the server has another past than what was seen of it. Otherwise changes are only missing from the stream.
function isOlder(seen: Position, head: Position, found: StoredChange | undefined): boolean {
  if (head.version <= seen.version) return head.version < seen.version || head.tag !== seen.tag;
  return found !== undefined && found.version === seen.version + 1 && found.before !== seen.tag;
}

interface StoredChange {
  readonly version: number;
  readonly tag: string;
  readonly before: string;
  readonly key: string;
  readonly entry: string;
}

// The reply to XREAD: null, or [[stream, [[id, [field, value, …]], …]]].
function readRecords(reply: unknown): (StoredChange | undefined)[] {
  if (reply === null) return [];
  const [stream] = reply as [[unknown, unknown]];
  const [, records] = stream;
  if (!Array.isArray(records)) throw unavailable(FAILED.text);
  return records.map(readRecord);
}

/** Undefined for what no store has written. */
function readRecord(record: unknown): StoredChange | undefined {
  const [id, fields] = record as [unknown, unknown];
  const [, version] = /^(\d{1,15})-0$/.exec(`${id}`) ?? [];
  if (version === undefined || !Array.isArray(fields) || fields.length !== 2 * FIELDS.length) return undefined;
  if (!FIELDS.every((name, at) => fields[2 * at] === name && typeof fields[2 * at + 1] === 'string')) return undefined;
  const [, text, , entry, , tag, , before] = fields as string[];
  const key = decodeText(text);
  if (key === undefined || entry === undefined || tag === undefined || before === undefined) return undefined;
  return { version: Number(version), tag, before, key, entry };
}
