/**
 * Keeps a second process out of a folder. A process that may use it listens on a Unix socket there: the system ends that with
 * the process, however it dies, and process ids prove nothing in containers. Each starter first listens under a name of its own
 * and then looks for others, so of two at least one sees the other; a name is never used twice, so what is dead stays dead.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const PREFIX = 'lock-';
const NAME = /^lock-[0-9a-f]{16}$/;

// `sun_path` has 104 bytes on some systems and 108 on others, a zero at the end included.
const MAX_SOCKET_PATH_BYTES = 103;

// Two that start at the same moment both step back, and come again at another moment each.
const ATTEMPTS = 5;
const MAX_PAUSE_MS = 100;

/** A folder that this process alone may use. */
export interface FolderLock {
  /** User id that the system gives to what this process makes in the folder. */
  readonly owner: number;
  release(): Promise<void>;
}

/** Whether a name in the folder is that of a lock. */
export function isLock(name: string): boolean {
  return NAME.test(name);
}

/** Locks a folder; undefined if another process has it. Rejects with the system's error. */
export async function lockFolder(folder: string): Promise<FolderLock | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const lock = await Lock.take(folder);
    if (lock !== undefined) return lock;
    if (attempt < ATTEMPTS) await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_PAUSE_MS));
  }
  return undefined;
}

class Lock implements FolderLock {
  readonly #folder: string;
  readonly #name = PREFIX + randomBytes(8).toString('hex');
  readonly #server: Server = createServer((socket) => socket.destroy()).unref();
  /** Known once it is taken. */
  owner = Number.NaN;
  /** Open where the path of the folder is too long for a socket. */
  #shortcut: FileHandle | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async take(folder: string): Promise<Lock | undefined> {
    const lock = new Lock(folder);
    try {
      await lock.#listen();
      // Another starter removes it if it looked in the moment between the system's bind and listen.
      if (!(await lock.#isContested()) && (await lock.#isThere())) return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
    await lock.release();
    return undefined;
  }

  async release(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve)); // removes the socket's name as well
    await this.#shortcut?.close();
    this.#shortcut = undefined;
  }

  async #listen(): Promise<void> {
    const path = await this.#socketPath(this.#name);
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', reject); // for good: a refused accept is no reason to crash
      this.#server.listen(path, resolve);
    });
  }

  async #isContested(): Promise<boolean> {
    const others = (await readdir(this.#folder)).filter((name) => isLock(name) && name !== this.#name);
    for (const name of others) {
      if (await isAlive(await this.#socketPath(name))) return true;
      await rm(join(this.#folder, name), { force: true });
    }
    return false;
  }

  async #isThere(): Promise<boolean> {
    const stats = await stat(join(this.#folder, this.#name)).catch(() => undefined);
    if (stats !== undefined) this.owner = stats.uid;
    return stats !== undefined;
  }

  // Linux has a short path for every open file; elsewhere the system refuses the long one.
  async #socketPath(name: string): Promise<string> {
    const path = join(this.#folder, name);
    if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
    this.#shortcut ??= await open(this.#folder, 'r');
    return `/proc/self/fd/${this.#shortcut.fd}/${name}`;
  }
}

/** Whether a process listens there. Only a refusal proves that none does. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
