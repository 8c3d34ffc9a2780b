/**
 * A server that several nodes share, and what each sees of it: it can be away for one of them, and the server can be emptied or
 * become an older copy, as a replica that takes over.
 */
import { PosternError } from '../../src/errors.js';
import { MemoryStore } from '../../src/store/memory.js';
import type { Change, Entry, ListOptions, PutOptions, Store, StoreStats, Watch } from '../../src/store/store.js';

export class StoreServer {
  readonly #clients = new Set<FaultyStore>();
  readonly #now: () => number;
  memory: MemoryStore;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.memory = new MemoryStore({ now });
  }

  client(): FaultyStore {
    const client = new FaultyStore(this);
    this.#clients.add(client);
    return client;
  }

  async entries(): Promise<Entry[]> {
    return [...(await this.memory.list('node:')), ...(await this.memory.list('tunnel:'))];
  }

  /** From now on it has only these: all that is reachable learns of it. */
  async become(entries: readonly Entry[]): Promise<void> {
    this.memory = new MemoryStore({ now: this.#now });
    for (const { key, value, expiresAtMs } of entries) await this.memory.put(key, value, { expiresAtMs });
    for (const client of this.#clients) client.readAgain(true);
  }
}

/** The store as one node has it. */
export class FaultyStore implements Store {
  readonly #server: StoreServer;
  readonly #watchers = new Map<(change: Change) => void, { prefix: string; end: () => void }>();
  #isAway = false;
  /** Called before each write: what happens in between. */
  beforePut: (key: string) => void | Promise<void> = () => {};
  /** Writes happen, and are not confirmed. */
  losesReplies = false;

  constructor(server: StoreServer) {
    this.#server = server;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** Away: every call rejects, and nothing is told. Back: all is told again. */
  set isAway(isAway: boolean) {
    this.#isAway = isAway;
    if (!isAway) this.readAgain(false);
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#check();
    return this.#server.memory.get(key);
  }

  async put(key: string, value: string, options?: PutOptions): Promise<Entry | undefined> {
    this.#check();
    await this.beforePut(key);
    const entry = await this.#server.memory.put(key, value, options);
    if (this.losesReplies) throw new PosternError('ERR_STORE_UNAVAILABLE', 'no reply');
    return entry;
  }

  async delete(key: string, ifVersion?: number): Promise<boolean> {
    this.#check();
    return this.#server.memory.delete(key, ifVersion);
  }

  async list(prefix: string, options?: ListOptions): Promise<Entry[]> {
    this.#check();
    return this.#server.memory.list(prefix, options);
  }

  watch(prefix: string, listener: (change: Change) => void): Watch {
    this.#watchers.set(listener, { prefix, end: this.#follow(prefix, listener, false) });
    const close = () => {
      this.#watchers.get(listener)?.end();
      this.#watchers.delete(listener);
    };
    return { ready: Promise.resolve(), close };
  }

  /** After a gap. */
  readAgain(isOlder: boolean): void {
    for (const [listener, { prefix, end }] of this.#watchers) {
      end();
      this.#watchers.set(listener, { prefix, end: this.#follow(prefix, listener, isOlder) });
    }
  }

  stats(): StoreStats {
    return this.#server.memory.stats();
  }

  async close(): Promise<void> {
    for (const { end } of this.#watchers.values()) end();
    this.#watchers.clear();
  }

  #follow(prefix: string, listener: (change: Change) => void, isOlder: boolean): () => void {
    const { close } = this.#server.memory.watch(prefix, (change) => {
      if (!this.#isAway) listener(change.kind === 'all' && isOlder ? { ...change, isOlder } : change);
    });
    return close;
  }

  #check(): void {
    if (this.#isAway) throw new PosternError('ERR_STORE_UNAVAILABLE', 'away');
  }
}
