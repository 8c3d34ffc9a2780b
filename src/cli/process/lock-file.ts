/**
 * A lock between processes: a file that says which host and which process hold it. One whose process has ended is taken over.
 * No process can see whether one of another host, such as a container that shares the folder, still runs: there the age counts.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { quoted } from '../../config/text.js';
import { CommandError, systemError } from './exit.js';

const RETRY_MS = 50;
const MAX_WAIT_MS = 60_000;

// Of another host: many times longer than the requests that are made under the lock may take.
const STALE_AFTER_MS = 10 * 60_000;

/** The contents of the locks of this process: a container that starts again has the same host name and process id. */
const held = new Set<string>();

/** Runs something while no other process holds the lock. Rejects with a `CommandError` when that takes too long. */
export async function withLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const content = await take(path);
  try {
    return await run();
  } finally {
    release(path, content);
  }
}

async function take(path: string): Promise<string> {
  const deadline = performance.now() + MAX_WAIT_MS;
  for (;;) {
    const content = tryLock(path);
    if (content !== undefined) return content;
    if (staleContent(path) !== undefined) removeStale(path);
    else if (performance.now() > deadline)
      throw new CommandError(`another process has held ${quoted(path)} for too long: end it, or remove the file.`);
    else await delay(RETRY_MS);
  }
}

/** Returns what is in the file if the lock is ours. The file appears with it at once: no process ever reads half of it. */
function tryLock(path: string): string | undefined {
  const random = randomBytes(8).toString('hex');
  const content = `${hostname()}:${process.pid}:${random}`;
  const own = `${path}.${random}`;
  try {
    writeFileSync(own, content, { mode: 0o600, flag: 'wx' });
    linkSync(own, path);
    held.add(content);
    return content;
  } catch (error) {
    if (systemError(error)?.code === 'EEXIST') return undefined;
    throw error;
  } finally {
    remove(own);
  }
}

/** A holder that slept may have lost the lock: then the file is that of another one, and stays. */
function release(path: string, content: string): void {
  held.delete(content);
  removeWith(path, content);
}

/** What is in a lock whose holder has ended; undefined while it may run. */
function staleContent(path: string): string | undefined {
  try {
    const content = readFileSync(path, 'utf8');
    const [, host, pid] = /^(.*):(\d+):[^:]*$/.exec(content) ?? [];
    const hasEnded =
      host === hostname() ? !isRunning(Number(pid), content) : Date.now() - statSync(path).mtimeMs > STALE_AFTER_MS;
    return hasEnded ? content : undefined;
  } catch {
    return undefined; // it has just been released
  }
}

/** By one process at a time: a second one would remove the lock that the first has taken meanwhile. */
function removeStale(path: string): void {
  const guard = `${path}.stale`;
  const content = tryLock(guard);
  if (content === undefined) {
    removeIfStale(guard);
    return;
  }
  try {
    removeIfStale(path);
  } finally {
    release(guard, content);
  }
}

function removeIfStale(path: string): void {
  const content = staleContent(path);
  if (content !== undefined) removeWith(path, content);
}

function isRunning(pid: number, content: string): boolean {
  if (pid === process.pid) return held.has(content);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemError(error)?.code === 'EPERM'; // of another user
  }
}

function removeWith(path: string, content: string): void {
  try {
    if (readFileSync(path, 'utf8') === content) unlinkSync(path);
  } catch (error) {
    if (systemError(error)?.code !== 'ENOENT') throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemError(error)?.code !== 'ENOENT') throw error;
  }
}
