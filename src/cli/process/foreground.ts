/** Whether this process may use its terminal: a process in the background that reads from it, or changes it, is stopped. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const STAT = '/proc/self/stat';

// The system responds in milliseconds.
const MAX_PS_MS = 1_000;

/** Whether its group of processes is the one in front; where that cannot be known, it is assumed. */
export function ownsTerminal(): boolean {
  if (process.platform === 'win32') return true;
  try {
    return isInFront(readFileSync(STAT, 'utf8'));
  } catch {
    return isInFrontByPs(); // another system than Linux
  }
}

// After the name in parentheses: state, ppid, pgrp, session, tty_nr, tpgid (proc(5)).
function isInFront(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}

/** The same by ps(1), which macOS and the BSDs have. */
export function isInFrontByPs(): boolean {
  const args = ['-o', 'pgid=', '-o', 'tpgid=', '-p', String(process.pid)];
  const { stdout } = spawnSync('ps', args, { encoding: 'utf8', timeout: MAX_PS_MS });
  const [group, front] = (stdout ?? '').trim().split(/\s+/);
  return front === undefined || group === front;
}
