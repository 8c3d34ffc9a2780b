/**
 * Files that hold a secret, and who may read and change them. An edge does not start with a secret that others on the machine
 * can read; where only the system's administrator could change that, it warns and starts.
 */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../config/config-error.js';
import { quoted } from '../../config/text.js';
import { printError } from './exit.js';

// Far more than any secret or token: a larger file was named by mistake.
const MAX_SECRET_FILE_BYTES = 65_536;

const READABLE_BY_GROUP = 0o040;
const READABLE_BY_ALL = 0o004;
const WRITABLE_BY_OTHERS = 0o022;

/** What is wrong with a file's owner and mode. The sentence continues after its path. */
export interface FileFault {
  readonly kind: 'refuse' | 'warn';
  readonly sentence: string;
}

/** Checks a file that holds a secret for a process of user `uid`; undefined when nothing is wrong. */
export function checkSecretFile({ mode, uid: owner }: Pick<Stats, 'mode' | 'uid'>, uid: number): FileFault | undefined {
  if (owner !== uid && owner !== 0) return refuse('belongs to another user: expected a file of your own.');
  if ((mode & WRITABLE_BY_OTHERS) !== 0) return refuse('can be changed by others: chmod 600 it.');
  if (owner === uid && (mode & (READABLE_BY_GROUP | READABLE_BY_ALL)) !== 0)
    return refuse('can be read by others: chmod 600 it.');
  // Owned by root and mounted into a container, or shared with a group: this user cannot change it.
  if ((mode & READABLE_BY_ALL) !== 0) return { kind: 'warn', sentence: 'can be read by everyone on this machine.' };
  return undefined;
}

/** Reads a secret of an edge; `-` is standard input. Throws `ConfigError` when others may read or change the file. */
export function readSecretFile(path: string): string {
  const { text, fault } = read(path);
  if (fault?.kind === 'refuse') throw new ConfigError([fault.sentence]);
  if (fault !== undefined) printError(`warning: ${quoted(path)} ${fault.sentence}`);
  return text;
}

/** Reads an agent's token; `-` is standard input. Warns when others may read the file. */
export function readTokenFile(path: string): string {
  const { text, fault } = read(path);
  if (fault !== undefined)
    printError(`warning: ${quoted(path)} ${fault.sentence} Anyone who has the token can open tunnels as you.`);
  return text;
}

/** Warns when others may read or change a file that holds a secret among other things. */
export function warnIfShared(path: string): void {
  const fault = faultOf(statSync(path));
  if (fault !== undefined) printError(`warning: ${quoted(path)} holds a secret and ${fault.sentence}`);
}

function read(path: string): { text: string; fault: FileFault | undefined } {
  if (path === '-') return { text: readFileSync(0, 'utf8'), fault: undefined };
  const real = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  const stats = statSync(real);
  if (stats.size > MAX_SECRET_FILE_BYTES) throw new RangeError('the file is too large to be a secret');
  return { text: readFileSync(real, 'utf8'), fault: faultOf(stats) };
}

// The modes of pipes that a shell makes (`<(pass show …)`) mean nothing.
function faultOf(stats: Stats): FileFault | undefined {
  const uid = process.getuid?.();
  return uid === undefined || !stats.isFile() ? undefined : checkSecretFile(stats, uid);
}

function refuse(sentence: string): FileFault {
  return { kind: 'refuse', sentence };
}
