/** Carries out a plan: writes what has changed, and runs its commands. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { quoted } from '../../config/text.js';
import { CommandError, systemError } from '../process/exit.js';
import { MARK, type Plan, type PlannedCommand, type PlannedFile } from './plan.js';

// A command of systemd or launchd that takes longer hangs.
const COMMAND_TIMEOUT_MS = 60_000;

/** Writes and runs it; `say` is told each step. Throws `CommandError`. */
export function carryOut({ files, commands, commandsIfUnchanged }: Plan, say: (line: string) => void): void {
  let isChanged = false;
  for (const file of files) {
    const isWritten = write(file);
    isChanged ||= isWritten;
    say(isWritten ? `wrote ${file.path}` : `${file.path} is as it should be`);
  }
  for (const command of isChanged ? commands : commandsIfUnchanged) runCommand(command);
}

/** Whether a command succeeds. */
export function succeeds([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: COMMAND_TIMEOUT_MS }).status === 0;
}

/** Runs a command with its output on this terminal. Throws `CommandError` when it fails, unless it may. */
export function runCommand({ words, mayFail }: PlannedCommand): void {
  if (mayFail) return void succeeds(words);
  const [program = '', ...args] = words;
  const { status, error } = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  if (status === 0) return;
  const why = error === undefined ? `status ${status}` : systemError(error)?.code;
  throw new CommandError(`"${words.join(' ')}" has failed (${why}).`);
}

/** Whether there is a service of ours. Throws `CommandError` for a file that others have made. */
export function isOurs(path: string): boolean {
  if (!existsSync(path)) return false;
  if (readFileSync(path, 'utf8').includes(MARK)) return true;
  throw new CommandError(`${quoted(path)} was not made by Postern: move it away first.`);
}

/** Removes a file of ours; whether there was one. */
export function remove(path: string): boolean {
  const isThere = existsSync(path);
  rmSync(path, { force: true });
  return isThere;
}

/** Whether anything has changed. */
function write({ path, text, mode }: PlannedFile): boolean {
  try {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) {
      chmodSync(path, mode);
      return false;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const fresh = `${path}.new`;
    rmSync(fresh, { force: true }); // of a process that crashed
    writeFileSync(fresh, text, { mode, flag: 'wx' });
    renameSync(fresh, path);
    return true;
  } catch (error) {
    throw new CommandError(`${quoted(path)} cannot be written (${systemError(error)?.code}).`, undefined, {
      cause: error,
    });
  }
}
