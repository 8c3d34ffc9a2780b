/**
 * A lock between processes of one machine: a file with the id of the process that holds it. One whose process has ended, or
 * that is older than any use of it, is taken over.
 */
import { linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { quoted } from '../../config/text.js';
import { CommandError, systemError } from './exit.js';

const RETRY_MS = 50;

// Longer than the requests that are made under the lock may take.
const STALE_AFTER_MS = 120_000;
const MAX_WAIT_MS = 60_000;

/** Runs something while no other process holds the lock. Rejects with a `CommandError` when that takes too long. */
export async function withLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + MAX_WAIT_MS;
  while (!tryLock(path)) {
    if (isStale(path)) removeStale(path);
    else if (performance.now() > deadline)
      throw new CommandError(`another process has held ${quoted(path)} for too long: end it, or remove the file.`);
    else await delay(RETRY_MS);
  }
  try {
    return await run();
  } finally {
    remove(path);
  }
}

/** The file appears with its content at once: no process ever reads half of it. */
function tryLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid), { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (systemError(error)?.code === 'EEXIST') return false;
    throw error;
  } finally {
    remove(own);
  }
}

function isStale(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Date.now() - statSync(path).mtimeMs > STALE_AFTER_MS || !isRunning(pid);
  } catch {
    return false; // it has just been released
  }
}

/** By one process at a time: a second one would remove the lock that the first has taken meanwhile. */
function removeStale(path: string): void {
  const guard = `${path}.stale`;
  if (!tryLock(guard)) {
    if (isStale(guard)) remove(guard);
    return;
  }
  try {
    if (isStale(path)) remove(path);
  } finally {
    remove(guard);
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemError(error)?.code === 'EPERM'; // of another user
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemError(error)?.code !== 'ENOENT') throw error;
  }
}
