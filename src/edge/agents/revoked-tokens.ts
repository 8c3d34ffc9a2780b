/**
 * The tokens that count no more, by the ids that the audit record shows: those that the operator has revoked, in a file with
 * one id on a line, which is watched while the edge runs, and those of sign-ins that have ended, in the store. If the file can
 * no longer be read, the tokens stay revoked.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { Revocations } from '../../store/revocations.js';

/** A revoked token loses its link within this time. */
export const REVOKED_WITHIN_MS = 5_000;

// The rest is for reading the file and closing the link.
const LOOK_INTERVAL_MS = 2_000;

export class RevokedTokens {
  readonly #path: string | undefined;
  readonly #log: Log;
  readonly #ended: Revocations | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #look = () => this.#read();
  #ids: ReadonlySet<string> = new Set();
  #wasThere = false;

  /**
   * Without a path the operator has revoked no token. `ended` has the ids of sign-ins that have ended; the caller closes it.
   * Throws `ERR_CONFIG_INVALID` for a file that exists but cannot be read.
   */
  constructor(path: string | undefined, log: Log, ended?: Revocations) {
    this.#path = path;
    this.#log = log;
    this.#ended = ended;
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

  /** Whether the room for ended sign-ins is all but taken: none begins any more, so that those there are can be ended. */
  get isScarce(): boolean {
    return this.#ended?.isScarce === true;
  }

  has(id: string): boolean {
    return this.#ids.has(id) || this.#ended?.has(id) === true;
  }

  /**
   * Revokes the tokens of an id until a time, in milliseconds since the epoch. Rejects with `ERR_STORE_UNAVAILABLE` if that
   * cannot be remembered.
   */
  async revoke(id: string, untilMs: number): Promise<void> {
    if (this.#ended === undefined) throw new PosternError('ERR_STORE_UNAVAILABLE', 'no store for revoked tokens');
    await this.#ended.add(id, untilMs);
  }

  /** Calls `listener` whenever the file has changed, and when a token was revoked. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
    this.#ended?.onChange(listener);
  }

  /** Reads the file now (SIGHUP). */
  reload(): void {
    if (this.#path !== undefined) this.#read();
  }

  close(): void {
    if (this.#path !== undefined) unwatchFile(this.#path, this.#look);
  }

  #read(): void {
    try {
      this.#ids = readIds(this.#path as string); // called only when there is a path
      this.#wasThere = true;
      this.#log.info({ count: this.#ids.size }, 'revoked tokens read');
      for (const listener of this.#listeners) listener();
    } catch (error) {
      // For a file that does not exist yet the first poll is reported as a change, too.
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
