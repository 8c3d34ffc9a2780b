/**
 * The store that several nodes share: a Redis server. Every change is one script there, and comes to the watchers of all nodes
 * by the stream of changes. A write whose key is watched here resolves after these watchers were told, so that this node never
 * acts on less than it has written. Nothing waits for a server that is away.
 */
import { randomBytes } from 'node:crypto';
import { type Log, silentLog } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from '../store.js';
import { checkEntry, kindOf, MAX_ENTRIES, roomOf } from '../table.js';
import { addressText, type RedisAddress } from './address.js';
import { StoreClock } from './clock.js';
import { decodeText, encodeText, expiryText, KeyNames, readEntry, readVersion } from './codec.js';
import { RedisConnection, unavailable } from './connection.js';
import { RedisCounters } from './counters.js';
import { Follower, LOOK_INTERVAL_MS } from './follower.js';
import type { Problem } from './problem.js';
import { DELETE, PUT, SWEEP } from './scripts.js';
import type { ServerInfo } from './server-info.js';
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
}

/** For each command. */
export const DEADLINE_MS = 2_000;

const PATIENCE_MS = 15_000;
const PAGE = 1_000;
const TEND_INTERVAL_MS = 10_000;
const AGAIN_MS = 250;
const CLOCK_WARNING_MS = 5_000;

export class RedisStore implements Store {
  readonly counters: RedisCounters;
  readonly #commands: RedisConnection;
  readonly #following: RedisConnection;
  readonly #follower: Follower;
  readonly #watchers: Watchers;
  readonly #names: KeyNames;
  readonly #clock: StoreClock;
  readonly #log: Log;
  readonly #address: RedisAddress;
  readonly #maxEntries: number;
  readonly #sizes = new Map<string, number>();
  readonly #tending: NodeJS.Timeout;
  #isFollowing = false;
  #opened: (() => void) | undefined;
  #refused: ((problem: Problem) => void) | undefined;
  #told: string | undefined;
  #failedWrites = 0;
  #isClosed = false;

  private constructor(address: RedisAddress, { log, maxEntries, now }: RedisStoreOptions) {
    this.#address = address;
    this.#log = log ?? silentLog;
    this.#maxEntries = maxEntries ?? MAX_ENTRIES;
    this.#clock = new StoreClock(now ?? Date.now);
    this.#names = new KeyNames(address.prefix);
    const onDown = (problem: Problem) => this.#down(problem);
    this.#commands = new RedisConnection({
      ...{ address, name: 'postern', deadlineMs: DEADLINE_MS, onDown },
      onUp: (server) => void this.#up(server),
    });
    this.#following = new RedisConnection({
      ...{ address, name: 'postern-follower', deadlineMs: LOOK_INTERVAL_MS + DEADLINE_MS, onDown },
      onUp: () => this.#follower.start(),
    });
    this.counters = new RedisCounters(this.#commands, this.#names);
    this.#watchers = new Watchers({ read: (prefix) => this.#snapshot(prefix), again: pause, log: this.#log });
    this.#follower = new Follower({
      connection: this.#following,
      names: this.#names,
      onChange: (key, change, version) => this.#watchers.tell(key, change, version),
      onRestart: (isOlder) => this.#restarted(isOlder),
    });
    this.#tending = setInterval(() => void this.#tend().catch(() => {}), TEND_INTERVAL_MS).unref(); // the next one
  }

  /**
   * Connects. Rejects with `ERR_CONFIG_INVALID`, in one sentence, when the server is not fit to keep a store or does not let us in, and
   * when it stays away.
   */
  static async open(address: RedisAddress, options: RedisStoreOptions = {}): Promise<RedisStore> {
    const store = new RedisStore(address, options);
    try {
      await store.#connected(options.patienceMs ?? PATIENCE_MS);
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
    this.#sizes.set(kindOf(prefix), this.#sizes.get(kindOf(prefix)) ?? 0);
    return this.#watchers.add(prefix, listener);
  }

  stats(): StoreStats {
    const { ageMs, restarts } = this.#follower;
    const problem = this.#commands.problem ?? this.#following.problem;
    return {
      entries: this.#sizes,
      journalBytes: undefined,
      failedWrites: this.#failedWrites,
      shared: { ageMs, restarts, problem: problem && this.#sentence(problem) },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#tending);
    this.#watchers.clear();
    this.#follower.close();
    this.#commands.close();
    this.#following.close();
  }

  #connected(patienceMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (problem: Problem) => {
        clearTimeout(patience);
        this.#opened = undefined;
        this.#refused = undefined;
        reject(new PosternError('ERR_CONFIG_INVALID', this.#sentence(problem)));
      };
      const patience = setTimeout(() => {
        refuse(
          this.#commands.problem ?? this.#following.problem ?? { text: 'does not respond in time', isPermanent: false },
        );
      }, patienceMs);
      this.#refused = refuse;
      this.#opened = () => {
        clearTimeout(patience);
        this.#refused = undefined;
        resolve();
      };
    });
  }

  async #up(server: ServerInfo): Promise<void> {
    if (this.#opened === undefined) this.#log.info({ redis: server.version }, 'the store can be used again');
    else if (!server.isPersistent)
      this.#log.warn({}, 'Redis keeps no append-only file: when it restarts, it has forgotten what it was told last');
    this.#told = undefined;
    this.#begin();
    await this.#tend().catch(() => {}); // again in ten seconds
  }

  #down(problem: Problem): void {
    if (this.#isClosed) return;
    if (this.#refused !== undefined && problem.isPermanent) {
      this.#refused(problem);
      return;
    }
    if (this.#told === problem.text) return;
    this.#told = problem.text;
    const what = this.#opened === undefined ? 'what needs the store fails' : 'it is waited for';
    this.#log[this.#opened === undefined ? 'error' : 'warn']({}, `${this.#sentence(problem)}: ${what}`);
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

  // Both connections are there.
  #begin(): void {
    if (this.#opened === undefined || !this.#commands.isUp || !this.#isFollowing) return;
    this.#opened();
    this.#opened = undefined;
  }

  #sentence({ text }: Problem): string {
    return `Redis at ${addressText(this.#address)} ${text}`;
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
    if (this.#watchers.has(key)) await this.#follower.reached(version, DEADLINE_MS);
  }

  /** The live entries of a prefix, in no order; those that change meanwhile may be there or not. */
  async #read(prefix: string): Promise<Entry[]> {
    const kind = kindOf(prefix);
    const found = new Map<string, Entry>();
    let cursor = '0';
    do {
      const reply = await this.#commands.run('HSCAN', this.#names.entries(kind), cursor, 'COUNT', PAGE);
      const [next, fields] = reply as [unknown, unknown];
      if (!Array.isArray(fields)) throw unavailable('has replied with something that is no page of entries');
      for (let at = 0; at + 1 < fields.length; at += 2) {
        const id = decodeText(fields[at]);
        const entry = id === undefined ? undefined : readEntry(`${kind}:${id}`, fields[at + 1]);
        if (entry?.key.startsWith(prefix) === true && this.#isLive(entry)) found.set(entry.key, entry);
      }
      cursor = `${next}`;
    } while (cursor !== '0');
    return [...found.values()];
  }

  async #snapshot(prefix: string): Promise<Snapshot> {
    const entries = await this.#read(prefix);
    const version = Number((await this.#commands.run('HGET', this.#names.head, 'version')) ?? 0);
    if (!Number.isSafeInteger(version)) throw unavailable('has a version that is no number');
    await this.#follower.reached(version, DEADLINE_MS);
    return { entries, version };
  }

  #isLive({ expiresAtMs }: Entry): boolean {
    return expiresAtMs === undefined || expiresAtMs > this.#clock.now();
  }

  /** Compares the clocks, removes what has expired, and counts nodes and entries. */
  async #tend(): Promise<void> {
    const sentMs = Date.now();
    this.#clock.learn(await this.#commands.run('TIME'), sentMs, Date.now());
    const { aheadMs } = this.#clock;
    if (Math.abs(aheadMs) > CLOCK_WARNING_MS)
      this.#log.warn(
        { seconds: Math.round(aheadMs / 1_000) },
        'the clock of this machine and that of Redis differ: what expires does so by the later one',
      );
    await this.counters.look(this.#clock.serverNow());
    for (const kind of this.#sizes.keys()) {
      const size = await this.#commands.script(SWEEP, this.#names.ofKind(kind), [this.#clock.now(), PAGE]);
      if (typeof size === 'number') this.#sizes.set(kind, size);
    }
  }
}

function idOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

function newTag(): string {
  return randomBytes(8).toString('base64url');
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, AGAIN_MS);
  });
}
