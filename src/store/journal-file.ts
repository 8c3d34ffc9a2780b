/**
 * The journal on disk: appends a flush and makes it durable, cuts off what a failed write has left, and replaces the file by a
 * snapshot. One call at a time.
 */
import { join } from 'node:path';
import type { FileHandle, Files } from './files.js';
import { encodeSnapshot, encodeWrites, type JournalContent, readJournal } from './journal.js';
import type { Entry } from './store.js';
import type { Write } from './table.js';

export const JOURNAL = 'journal';
/** What becomes the journal. One that a crash left behind is worth nothing. */
export const NEW_JOURNAL = 'journal.new';

const FILE_MODE = 0o600;

export class JournalFile {
  readonly #folder: string;
  readonly #files: Files;
  #file: FileHandle;
  /** Bytes that count: header, snapshot and the writes that were acknowledged. */
  #bytes: number;
  #snapshotBytes: number;
  /** A write has failed and could not be cut off yet. */
  #isTorn = false;
  /** The file has its name, but a crash might still bring back the one before. */
  #isNameDurable = true;

  private constructor(folder: string, files: Files, file: FileHandle, bytes: number, snapshotBytes: number) {
    this.#folder = folder;
    this.#files = files;
    this.#file = file;
    this.#bytes = bytes;
    this.#snapshotBytes = snapshotBytes;
  }

  /** Makes the journal of a folder that has none. Rejects with the system's error. */
  static async create(folder: string, files: Files): Promise<JournalFile> {
    const { file, bytes } = await writeSnapshot(folder, files, [], 0);
    const journal = new JournalFile(folder, files, file, bytes, bytes);
    await journal.#makeNameDurable();
    return journal;
  }

  /** Opens the journal of a folder, and removes what a crash left behind: a torn last line, half a snapshot. Rejects with a `JournalError` or the system's error. */
  static async open(folder: string, files: Files): Promise<{ journal: JournalFile; content: JournalContent }> {
    const file = await files.open(join(folder, JOURNAL), 'r+');
    try {
      const bytes = await file.readFile();
      const content = readJournal(bytes);
      const journal = new JournalFile(folder, files, file, content.endBytes, content.snapshotBytes);
      if (content.endBytes < bytes.length) await journal.#cutBack();
      await files.rm(join(folder, NEW_JOURNAL), { force: true }).catch(() => {}); // else the next snapshot does
      return { journal, content };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** How many times as large the journal is as its snapshot was, and its size in bytes. */
  get growth(): { readonly factor: number; readonly bytes: number } {
    return { factor: this.#bytes / this.#snapshotBytes, bytes: this.#bytes };
  }

  /** Writes all or nothing, and resolves when it is durable. Rejects with the system's error. */
  async append(writes: readonly Write[]): Promise<void> {
    if (this.#isTorn) await this.#cutBack();
    if (!this.#isNameDurable) await this.#makeNameDurable();
    const line = encodeWrites(writes);
    try {
      await writeAll(this.#file, line, this.#bytes);
      await this.#file.datasync();
    } catch (error) {
      this.#isTorn = true;
      await this.#cutBack().catch(() => {}); // tried again before the next write
      throw error;
    }
    this.#bytes += line.length;
  }

  /** Replaces the journal by a snapshot of what is live. Rejects with the system's error; the journal of before goes on then. */
  async replace(entries: readonly Entry[], lastVersion: number): Promise<void> {
    const { file, bytes } = await writeSnapshot(this.#folder, this.#files, entries, lastVersion);
    const before = this.#file;
    this.#file = file;
    this.#bytes = bytes;
    this.#snapshotBytes = bytes;
    this.#isTorn = false;
    this.#isNameDurable = false;
    await before.close().catch(() => {}); // it has no name any more
    await this.#makeNameDurable();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #cutBack(): Promise<void> {
    await this.#file.truncate(this.#bytes);
    await this.#file.sync();
    this.#isTorn = false;
  }

  async #makeNameDurable(): Promise<void> {
    await syncNames(this.#folder, this.#files);
    this.#isNameDurable = true;
  }
}

/** Makes the names in a folder durable. */
export async function syncNames(path: string, files: Files): Promise<void> {
  const folder = await files.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeSnapshot(
  folder: string,
  files: Files,
  entries: readonly Entry[],
  lastVersion: number,
): Promise<{ file: FileHandle; bytes: number }> {
  const path = join(folder, NEW_JOURNAL);
  await files.rm(path, { force: true }); // it may be a link
  const file = await files.open(path, 'wx+', FILE_MODE);
  try {
    await file.chmod(FILE_MODE); // whatever the umask
    let bytes = 0;
    for (const part of encodeSnapshot(entries, lastVersion)) {
      await writeAll(file, part, bytes);
      bytes += part.length;
    }
    await file.sync();
    await files.rename(path, join(folder, JOURNAL));
    return { file, bytes };
  } catch (error) {
    await file.close().catch(() => {}); // the first error says more
    await files.rm(path, { force: true }).catch(() => {}); // the next snapshot removes it
    throw error;
  }
}

// A full disk takes a part of a write before it refuses the rest.
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
