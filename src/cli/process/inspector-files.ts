/**
 * Where the inspectors of this user's agents are: a file for each process with tunnels, which only its owner can read, with the
 * address and the key. `postern status`, `logs` and `replay` find them there.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { checkSecretFile } from './secret-file.js';

/** An inspector, as its file describes it. */
export interface PublishedInspector {
  readonly pid: number;
  /** `http://127.0.0.1:4040`. */
  readonly origin: string;
  readonly key: string;
}

// The name of the host: several may share a home, and none can see whether a process of another one runs.
const FILE = /^inspector-(.+)-(\d{1,10})-\d{1,5}\.json$/;
const MAX_HOST_CHARS = 100;
const MAX_FILE_BYTES = 16_384;
const ORIGIN = /^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d{1,5}$/;

/**
 * Writes the file of an inspector of this process, and removes those of processes of this host that have crashed. Returns what removes
 * it again. Throws the system's error.
 */
export function publishInspector(inspector: Omit<PublishedInspector, 'pid'>, env = process.env): () => void {
  const folder = folderOf(env);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const host = hostname()
    .replace(/[^\w.-]/g, '_')
    .slice(0, MAX_HOST_CHARS);
  for (const name of namesIn(folder))
    if (FILE.exec(name)?.[1] === host && !isAlive(pidOf(name))) removeQuietly(join(folder, name));
  const path = join(folder, `inspector-${host}-${process.pid}-${new URL(inspector.origin).port}.json`);
  rmSync(path, { force: true }); // of a process that crashed, with the same id
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, `${JSON.stringify({ ...inspector, pid: process.pid })}\n`);
  } finally {
    closeSync(file);
  }
  const remove = () => removeQuietly(path);
  process.once('exit', remove);
  return () => {
    process.off('exit', remove);
    remove();
  };
}

/**
 * The inspectors of this user whose process seems to run. One that has crashed leaves its file, and its id may be another process by
 * now: what calls them asks for a proof first.
 */
export function publishedInspectors(env = process.env): PublishedInspector[] {
  const folder = folderOf(env);
  return namesIn(folder)
    .filter((name) => isAlive(pidOf(name)))
    .flatMap((name) => readInspector(join(folder, name)) ?? []);
}

function folderOf({ XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: state }: NodeJS.ProcessEnv): string {
  const base = [runtime, state].find((path) => path?.startsWith('/')) ?? join(homedir(), '.local', 'state');
  return join(base, 'postern');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => FILE.test(name));
  } catch {
    return []; // no agent has run
  }
}

function pidOf(name: string): number {
  return Number(FILE.exec(name)?.[2]);
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it stays, and no command believes it
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // of another user, who then owns no such file
  }
}

/** Undefined for a file that another user could have written, and for one that is none of ours. */
function readInspector(path: string): PublishedInspector | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      const stats = fstatSync(file);
      const uid = process.getuid?.();
      const isPrivate = uid === undefined || checkSecretFile(stats, uid) === undefined;
      if (!isPrivate || stats.size > MAX_FILE_BYTES) return undefined;
      const read = JSON.parse(readFileSync(file, 'utf8')) as PublishedInspector;
      return ORIGIN.test(read.origin) && typeof read.key === 'string' ? read : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // it has just ended, or wrote something else
  }
}
