/**
 * The store that several nodes share: a Redis server. Every change is one script there, and comes to the watchers of all nodes
 * by the stream of changes. A write whose key is watched here resolves after these watchers were told, so that this node never
 * acts on less than it has written. Nothing waits for a server that is away.
 */
import { randomBytes } from 'node:crypto';
import { type Log, silentLog } from '../../core/log.js';
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from '../store.js';
import { checkEntry, kindOf, MAX_ENTRIES, roomOf } from '../table.js';
import type { RedisAddress } from './address.js';
import { Availability } from './availability.js';
import { StoreClock } from './clock.js';
import { encodeText, expiryText, idOf, KeyNames, readEntry, readVersion } from './codec.js';
import { RedisConnection, unavailable } from './connection.js';
import { RedisCounters } from './counters.js';
import { readEntries } from './entries.js';
import { Follower, LOOK_INTERVAL_MS } from './follower.js';
import { type Problem, readingProblemOf } from './problem.js';
import { DELETE, PUT } from './scripts.js';
import type { ServerInfo } from './server-info.js';
import { Upkeep } from './upkeep.js';
import { inOrder, type Snapshot, Watchers } from './watchers.js';

export interface RedisStoreOptions {
  /** Told when the server cannot be used, and when it can again. */
  readonly log?: Log;
  /** The most live entries of each kind. Default: `MAX_ENTRIES` of `table.ts`. */
  readonly maxEntries?: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /** How long a server that is away is waited for at the start. */
  readonly patienceMs?: number;
  /** For each command. Default: `DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

/** How long a command may take, in milliseconds. */
export const DEADLINE_MS = 2_000;

const PATIENCE_MS = 15_000;
const AGAIN_MS = 250;

export class RedisStore implements Store {
  readonly counters: RedisCounters;
  readonly #commands: RedisConnection;
  readonly #following: RedisConnection;
  readonly #follower: Follower;
  readonly #watchers: Watchers;
  readonly #names: KeyNames;
  readonly #clock: StoreClock;
  readonly #log: Log;
  readonly #availability: Availability;
  readonly #maxEntries: number;
  readonly #deadlineMs: number;
  readonly #upkeep: Upkeep;
  #isFollowing = false;
  #failedWrites = 0;

  private constructor(address: RedisAddress, { log, maxEntries, now, deadlineMs = DEADLINE_MS }: RedisStoreOptions) {
    this.#log = log ?? silentLog;
    this.#deadlineMs = deadlineMs;
    this.#availability = new Availability(address, this.#log);
    this.#maxEntries = maxEntries ?? MAX_ENTRIES;
    this.#clock = new StoreClock(now ?? Date.now);
    this.#names = new KeyNames(address.prefix);
    const onDown = (problem: Problem) => this.#availability.down(problem);
    this.#commands = new RedisConnection({
      ...{ address, name: 'postern', deadlineMs, onDown },
      onUp: (server) => this.#up(server),
    });
    this.#following = new RedisConnection({
      ...{ address, name: 'postern-follower', deadlineMs: LOOK_INTERVAL_MS + deadlineMs, onDown },
      onUp: () => this.#follower.start(),
    });
    this.counters = new RedisCounters(this.#commands, this.#names);
    this.#upkeep = new Upkeep({
      ...{ connection: this.#commands, names: this.#names, clock: this.#clock },
      ...{ counters: this.counters, log: this.#log },
    });
    this.#watchers = new Watchers({
      ...{ read: (prefix) => this.#snapshot(prefix), again: pause, log: this.#log },
      failed: () => this.#problem && this.#availability.down(this.#problem),
      recovered: () => this.#availability.readable(),
    });
    this.#follower = new Follower({
      connection: this.#following,
      names: this.#names,
      onChange: (key, change, version) => this.#watchers.tell(key, change, version),
      onRestart: (isOlder) => this.#restarted(isOlder),
    });
  }

  /**
   * Connects. Rejects, in one sentence, with `ERR_CONFIG_INVALID` when the server is not fit to keep a store or does not let us in, and
   * with `ERR_STORE_UNAVAILABLE` when it stays away.
   */
  static async open(address: RedisAddress, options: RedisStoreOptions = {}): Promise<RedisStore> {
    const store = new RedisStore(address, options);
    try {
      await store.#availability.opened(options.patienceMs ?? PATIENCE_MS, () => store.#problem);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = readEntry(
      key,
      await this.#commands.run('HGET', this.#names.entries(kindOf(key)), encodeText(idOf(key))),
    );
    return entry !== undefined && this.#isLive(entry) ? entry : undefined;
  }

  async put(key: string, value: string, options: PutOptions = {}): Promise<Entry | undefined> {
    const { ifVersion, expiresAtMs, keepsReserve = false } = options;
    checkEntry(key, value, expiresAtMs);
    const expires = expiryText(expiresAtMs);
    const most = roomOf(this.#maxEntries, keepsReserve);
    const args = [encodeText(value), expires, ifVersion ?? '', this.#clock.now(), newTag(), most];
    const reply = await this.#change(PUT, key, args);
    if (reply === 'full') throw this.#failed(unavailable(`has no room for another ${kindOf(key)}`));
    if (reply === '') return undefined;
    const version = readVersion(reply);
    await this.#toldOf(key, version);
    return { key, value, version, expiresAtMs: expires === '' ? undefined : Number(expires) };
  }

  async delete(key: string, ifVersion?: number): Promise<boolean> {
    const reply = await this.#change(DELETE, key, [ifVersion ?? '', this.#clock.now(), newTag()]);
    if (reply === '') return false;
    await this.#toldOf(key, readVersion(reply));
    return true;
  }

  async list(prefix: string, { after = '', limit = Number.POSITIVE_INFINITY }: ListOptions = {}): Promise<Entry[]> {
    const found = (await this.#read(prefix)).filter(({ key }) => key > after);
    return inOrder(found).slice(0, limit);
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    this.#upkeep.add(kindOf(prefix));
    return this.#watchers.add(prefix, listener);
  }

  stats(): StoreStats {
    const { ageMs, restarts } = this.#follower;
    const problem = this.#problem;
    return {
      entries: this.#upkeep.sizes,
      journalBytes: undefined,
      failedWrites: this.#failedWrites,
      shared: {
        ageMs: Math.max(ageMs, this.#watchers.unread?.ageMs ?? 0),
        restarts,
        problem: problem && this.#availability.sentence(problem),
      },
    };
  }

  async close(): Promise<void> {
    this.#availability.close();
    this.#upkeep.close();
    this.#watchers.clear();
    this.#follower.close();
    this.#commands.close();
    this.#following.close();
  }

  get #problem(): Problem | undefined {
    const { unread } = this.#watchers;
    return this.#commands.problem ?? this.#following.problem ?? (unread && readingProblemOf(unread.error));
  }

  #up(server: ServerInfo): void {
    this.#availability.up(server);
    this.#begin();
    void this.#upkeep.run();
  }

  #restarted(isOlder: boolean): void {
    if (!this.#isFollowing) {
      this.#isFollowing = true;
      this.#begin();
      return;
    }
    const what = isOlder ? 'Redis has lost what it was told last' : 'changes of the store were missed';
    this.#log.warn({}, `${what}: all is read again`);
    this.#watchers.reload(isOlder);
  }

  #begin(): void {
    if (this.#commands.isUp && this.#isFollowing) this.#availability.begin();
  }

  async #change(script: typeof PUT, key: string, args: readonly (string | number)[]): Promise<unknown> {
    const kind = kindOf(key);
    try {
      return await this.#commands.script(script, this.#names.ofKind(kind), [
        encodeText(key),
        encodeText(idOf(key)),
        ...args,
      ]);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): unknown {
    this.#failedWrites += 1;
    return error;
  }

  async #toldOf(key: string, version: number): Promise<void> {
    if (this.#watchers.has(key)) await this.#follower.reached(version, this.#deadlineMs);
  }

  #read(prefix: string): Promise<Entry[]> {
    return readEntries(this.#commands, this.#names, prefix, (entry) => this.#isLive(entry));
  }

  async #snapshot(prefix: string): Promise<Snapshot> {
    const entries = await this.#read(prefix);
    const version = Number((await this.#commands.run('HGET', this.#names.head, 'version')) ?? 0);
    if (!Number.isSafeInteger(version)) throw unavailable('has a version that is no number');
    await this.#follower.reached(version, this.#deadlineMs);
    return { entries, version };
  }

  #isLive({ expiresAtMs }: Entry): boolean {
    return expiresAtMs === undefined || expiresAtMs > this.#clock.now();
  }
}

function newTag(): string {
  return randomBytes(8).toString('base64url');
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, AGAIN_MS);
  });
}
