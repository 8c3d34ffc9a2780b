/**
 * What `postern login` leaves on this machine: one file that only its owner can read, with the tokens of each edge. It is
 * replaced as a whole, and changed under a lock, since a refresh token counts once.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../config/config-error.js';
import type { SignIns } from '../../config/sources.js';
import { quoted } from '../../config/text.js';
import { CommandError, systemError } from './exit.js';
import { withLock } from './lock-file.js';
import { checkSecretFile } from './secret-file.js';

/** The sign-in at one edge. Times in milliseconds since the epoch. */
export interface Credential {
  /** Email address of the person. */
  readonly owner: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

interface Contents {
  readonly version: typeof VERSION;
  /** The edge of the last sign-in. */
  readonly last?: string | undefined;
  readonly edges: Readonly<Record<string, Credential>>;
}

const VERSION = 1;
const EMPTY: Contents = { version: VERSION, edges: {} };

// The last moment that a `Date` has.
const MAX_TIME_MS = 8.64e15;

// Far more than a hundred edges need.
const MAX_FILE_BYTES = 1_048_576;

export class Credentials implements SignIns {
  readonly path: string;

  /** `path` is that of the file; that of this user unless given. */
  constructor(path = credentialsPath()) {
    this.path = path;
  }

  find(edge: string): Credential | undefined {
    const { edges } = this.#read();
    return Object.hasOwn(edges, edge) ? edges[edge] : undefined;
  }

  /** All edges with a sign-in. */
  edges(): readonly string[] {
    return Object.keys(this.#read().edges);
  }

  lastEdge(): string | undefined {
    const { last, edges } = this.#read();
    return last ?? Object.keys(edges)[0];
  }

  tokenOf(edge: string): string | undefined {
    return this.find(edge)?.accessToken;
  }

  /** Runs something while no other process changes the file. */
  locked<T>(run: () => Promise<T>): Promise<T> {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    return withLock(`${this.path}.lock`, run);
  }

  /**
   * Replaces the credential of an edge, under the lock. `isLast` makes it the edge that is used where none is named. Throws
   * `CommandError` for one that would not be read again: it would take those of all other edges with it.
   */
  write(edge: string, credential: Credential, isLast: boolean): void {
    if (!isCredential(credential)) throw new CommandError(`the tokens of ${edge} are none that can be kept.`);
    const before = this.#read();
    const edges = { ...before.edges, [edge]: credential };
    this.#replace({ ...before, edges, last: isLast ? edge : before.last });
  }

  /** Removes the credential of an edge, under the lock. */
  remove(edge: string): void {
    const before = this.#read();
    const { [edge]: _, ...edges } = before.edges;
    this.#replace({ ...before, edges, last: before.last === edge ? Object.keys(edges)[0] : before.last });
  }

  #read(): Contents {
    const text = readPrivate(this.path);
    return text === undefined ? EMPTY : parse(text, this.path);
  }

  /** A crash at any moment leaves the old file or the new one. */
  #replace(contents: Contents): void {
    const text = `${JSON.stringify(contents, undefined, 2)}\n`;
    if (Buffer.byteLength(text) > MAX_FILE_BYTES)
      throw new CommandError(`${quoted(this.path)} would become too large: sign out at an edge that you do not use.`);
    const fresh = `${this.path}.new`;
    try {
      rmSync(fresh, { force: true }); // of a process that crashed
      const file = openSync(fresh, 'wx', 0o600);
      try {
        writeFileSync(file, text); // all of it: `writeSync` may write a part
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(fresh, this.path);
    } catch (error) {
      const code = systemError(error)?.code;
      throw new CommandError(`${quoted(this.path)} cannot be written (${code}).`, undefined, { cause: error });
    }
  }
}

/** `$XDG_CONFIG_HOME/postern/credentials.json`. */
function credentialsPath(): string {
  const { XDG_CONFIG_HOME: configured } = process.env;
  return join(configured?.startsWith('/') ? configured : join(homedir(), '.config'), 'postern', 'credentials.json');
}

/** Undefined when there is no file. Throws `ConfigError` for one that others can read or change. */
function readPrivate(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const code = systemError(error)?.code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError([`${quoted(path)} cannot be read (${code}): expected the file that "postern login" wrote.`]);
  }
  try {
    const stats = fstatSync(file);
    const uid = process.getuid?.();
    const fault = uid === undefined ? undefined : checkSecretFile(stats, uid);
    if (fault !== undefined) throw new ConfigError([`${quoted(path)} holds credentials and ${fault.sentence}`]);
    if (stats.size > MAX_FILE_BYTES) throw notOurs(path);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function parse(text: string, path: string): Contents {
  try {
    const contents = JSON.parse(text) as Partial<Contents> | null;
    if (contents?.version === VERSION && isRecord(contents.edges) && Object.values(contents.edges).every(isCredential))
      return contents as Contents; // each part was looked at
  } catch {
    // not JSON: said below
  }
  throw notOurs(path);
}

function notOurs(path: string): ConfigError {
  const remedy = 'remove it and sign in again, or install the version that wrote it';
  return new ConfigError([`${quoted(path)} is no credentials file of this version of Postern: ${remedy}.`]);
}

/** Whether a value can be kept: tokens that a header can have, and times that a `Date` can have. */
export function isCredential(value: unknown): value is Credential {
  if (!isRecord(value)) return false;
  const { owner, accessToken, refreshToken, issuedAtMs, expiresAtMs } = value;
  const isHeader = (text: unknown) => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);
  const isTime = (ms: unknown) => typeof ms === 'number' && Math.abs(ms) <= MAX_TIME_MS;
  return (
    typeof owner === 'string' &&
    isHeader(accessToken) &&
    isHeader(refreshToken) &&
    isTime(issuedAtMs) &&
    isTime(expiresAtMs)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
