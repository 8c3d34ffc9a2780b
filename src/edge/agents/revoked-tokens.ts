/**
 * The tokens that the operator has taken back, by the ids that stand in the audit record: a file with one id on a line,
 * which is looked at for as long as the edge runs. A file that cannot be read any more takes nothing back that was taken.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';

/** A token that was revoked loses its link within so long. */
export const REVOKED_WITHIN_MS = 5_000;

// Leaves room for reading the file and for closing the link.
const LOOK_INTERVAL_MS = 2_000;

export class RevokedTokens {
  readonly #path: string | undefined;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #look = () => this.#read();
  #ids: ReadonlySet<string> = new Set();
  #wasThere = false;

  /** Without a path no token is revoked. Throws `ERR_CONFIG_INVALID` when there is a file that cannot be read. */
  constructor(path: string | undefined, log: Log) {
    this.#path = path;
    this.#log = log;
    if (path === undefined) return;
    try {
      this.#ids = readIds(path);
      this.#wasThere = true;
    } catch (error) {
      if (!isAbsent(error))
        throw new PosternError('ERR_CONFIG_INVALID', `POSTERN_REVOKED_TOKENS cannot be read: ${path}`, {
          cause: error,
        });
      log.info({}, 'no token is revoked: the file of POSTERN_REVOKED_TOKENS is not there yet');
    }
    watchFile(path, { interval: LOOK_INTERVAL_MS, persistent: false }, this.#look);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Calls `listener` whenever the file has changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the file now, when the operator asks for it (SIGHUP). */
  reload(): void {
    if (this.#path !== undefined) this.#read();
  }

  close(): void {
    if (this.#path !== undefined) unwatchFile(this.#path, this.#look);
  }

  #read(): void {
    try {
      this.#ids = readIds(this.#path as string); // watched only when there is one
      this.#wasThere = true;
      this.#log.info({ count: this.#ids.size }, 'revoked tokens read');
      for (const listener of this.#listeners) listener();
    } catch (error) {
      // The first look at a file that is not there yet comes as a change as well.
      if (isAbsent(error) && !this.#wasThere) return;
      this.#log.error(
        { code: (error as NodeJS.ErrnoException).code },
        'revoked tokens cannot be read: those of before stay revoked',
      );
    }
  }
}

function readIds(path: string): Set<string> {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  return new Set(lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')));
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
