/** On which ports the processes of a session listen, as Linux has it in /proc (proc(5)). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A TCP port on which a process listens. */
export interface ListeningPort {
  readonly port: number;
  /** The address that a client on this machine connects to; undefined for loopback and for all addresses. */
  readonly host: string | undefined;
}

/** Whether this system tells. */
export const TELLS_PORTS = process.platform === 'linux';

const LISTEN = '0A';

/** The ports of all processes of a session, by that of its leader; those that come and go meanwhile are left out. */
export function listeningPorts(session: number): readonly ListeningPort[] {
  const inodes = new Set<string>();
  for (const pid of processesOf(session)) for (const inode of socketsOf(pid)) inodes.add(inode);
  if (inodes.size === 0) return [];
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => parseSockets(readText(path), inodes));
}

/** The listening sockets of a table of /proc/net that have one of these inodes. */
export function parseSockets(table: string, inodes: ReadonlySet<string>): readonly ListeningPort[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTEN || !inodes.has(inode)) return [];
    return [{ port: Number.parseInt(port, 16), host: hostOf(address) }];
  });
}

// An address is in the byte order of this machine, four bytes at a time. Of IPv6 only the usual ones are told apart: `localhost` is
// tried at both loopback addresses.
function hostOf(hex: string): string | undefined {
  const mapped = /^0{16}F{4}0{4}([0-9A-F]{8})$/.exec(hex)?.[1] ?? (hex.length === 8 ? hex : undefined);
  if (mapped === undefined) return undefined;
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(mapped.slice(at, at + 2), 16));
  return bytes[0] === 127 || bytes.every((byte) => byte === 0) ? undefined : bytes.join('.');
}

function processesOf(session: number): readonly string[] {
  const text = String(session);
  return namesIn('/proc').filter((name) => /^\d+$/.test(name) && sessionOf(name) === text);
}

// After the name in parentheses: state, ppid, pgrp, session.
function sessionOf(pid: string): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
}

function socketsOf(pid: string): readonly string[] {
  return namesIn(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // the process has ended, or is another user's
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // likewise
  }
}
