/**
 * The folder of a `FolderStore` before it is used: makes it, or checks that it is ours and closed to others, and locks it.
 * Whatever is wrong becomes one sentence, and nothing has changed then.
 */
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PosternError } from '../errors.js';
import type { Files } from './files.js';
import { type FolderLock, isLock, lockFolder } from './folder-lock.js';
import { JournalError } from './journal.js';
import { JOURNAL, JournalFile, NEW_JOURNAL, syncNames } from './journal-file.js';
import type { Write } from './table.js';

const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

// The root of a disk has it.
const LOST_AND_FOUND = 'lost+found';

/** A locked folder with its journal. */
export interface OpenedFolder {
  readonly lock: FolderLock;
  readonly journal: JournalFile;
  readonly writes: readonly Write[];
  readonly lastVersion: number;
}

/** Opens a folder, or makes it. Rejects with an `ERR_CONFIG_INVALID` whose message says what is wrong. */
export async function openFolder(path: string, files: Files): Promise<OpenedFolder> {
  let lock: FolderLock | undefined;
  try {
    await makeOrCheck(path, files);
    lock = await lockFolder(path);
    if (lock === undefined) throw unfit(path, 'is in use by another process: stop that one, or name another folder');
    await checkOwner(path, lock, files);
    return { lock, ...(await openJournal(path, lock, files)) };
  } catch (error) {
    await lock?.release();
    throw explained(path, error);
  }
}

async function makeOrCheck(path: string, files: Files): Promise<void> {
  if (await isMade(path, files)) return;
  const stats = await files.stat(path);
  if (!stats.isDirectory()) throw unfit(path, 'is no folder');
  if ((stats.mode & OTHERS) !== 0)
    throw unfit(path, 'can be opened by other users: chmod 700 it, or name a folder below it, which will be made');
  const names = await readdir(path);
  if (names.includes(JOURNAL)) return;
  const foreign = names.find((name) => name !== NEW_JOURNAL && name !== LOST_AND_FOUND && !isLock(name));
  if (foreign !== undefined)
    throw unfit(
      path,
      `has other files (${JSON.stringify(foreign)}) and no journal: name an empty folder, or a new one`,
    );
}

async function isMade(path: string, files: Files): Promise<boolean> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
    await chmod(path, FOLDER_MODE); // whatever the umask
    await syncNames(dirname(path), files); // else a loss of power takes the whole folder
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Who owns a file can change its mode at any time. Root can do that anyway. */
async function checkOwner(path: string, { owner }: FolderLock, files: Files): Promise<void> {
  const { uid } = await files.stat(path);
  if (uid !== owner && uid !== 0)
    throw unfit(path, `belongs to another user (uid ${uid}) than this process (uid ${owner}): chown it`);
}

async function openJournal(path: string, lock: FolderLock, files: Files): Promise<Omit<OpenedFolder, 'lock'>> {
  const stats = await files.stat(join(path, JOURNAL)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return { journal: await JournalFile.create(path, files), writes: [], lastVersion: 0 };
  if (!stats.isFile()) throw unfit(join(path, JOURNAL), 'is no file');
  if ((stats.mode & OTHERS) !== 0) throw unfit(join(path, JOURNAL), 'can be read by other users: chmod 600 it');
  await checkOwner(join(path, JOURNAL), lock, files);
  const { journal, content } = await JournalFile.open(path, files);
  return { journal, writes: content.writes, lastVersion: content.lastVersion };
}

function explained(path: string, error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  if (error instanceof JournalError) return unfit(join(path, JOURNAL), error.message);
  return unfit(path, reasonOf(codeOf(error)), error);
}

function reasonOf(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'cannot be made: the folder above it is not there';
    case 'ENOTDIR':
      return 'is below a file';
    case 'EACCES':
    case 'EPERM':
      return 'cannot be read and written by the user of this process';
    case 'EROFS':
      return 'is on a disk that is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'is on a disk that is full';
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return 'has a path that is too long for a Unix socket, which keeps other processes out';
    default:
      return `cannot be used (${code})`;
  }
}

function unfit(path: string, reason: string, cause?: unknown): PosternError {
  return new PosternError('ERR_CONFIG_INVALID', `${JSON.stringify(path)} ${reason}.`, { cause });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'no system error';
}
