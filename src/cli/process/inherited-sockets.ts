/** The sockets that systemd (or a program that does as it does) has opened for this process: sd_listen_fds(3). */
import type { InheritedSocket } from '../../config/endpoints.js';

// SD_LISTEN_FDS_START
const FIRST_FD = 3;

// Far more than any unit has; each is one descriptor.
const MAX_SOCKETS = 1_000;

type Environment = Record<string, string | undefined>;

/**
 * Reads the variables and removes them, so that no program that this one starts takes them for its own. Sockets for another
 * process (`LISTEN_PID`) do not count.
 */
export function takeInheritedSockets(env: Environment, pid: number): readonly InheritedSocket[] {
  const { LISTEN_PID: forPid, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = env;
  delete env['LISTEN_PID'];
  delete env['LISTEN_FDS'];
  delete env['LISTEN_FDNAMES'];
  if (forPid !== String(pid) || !/^\d{1,4}$/.test(count) || Number(count) > MAX_SOCKETS) return [];
  const named = names.split(':');
  return Array.from({ length: Number(count) }, (_, at) => ({ fd: FIRST_FD + at, name: named[at] || 'unknown' }));
}
