/**
 * Unix sockets (unix(7)). Unlike a port, the file of one outlives its program: a file that nothing listens on any more is
 * removed, and any other file is left alone.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';

/** Resolves when nothing is at the path, or nothing any more. Rejects with what is there instead. */
export async function clearPath(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error('there is a file that is not a socket; move it away or choose another path');
  const state = await stateOf(path);
  if (state === 'live') throw new Error('another program listens on it; stop that one or choose another path');
  if (state === 'stale') unlinkSync(path);
}

/**
 * Makes the socket with this mode and listens, at once: the mode is that of the first moment. `umask` belongs to the process,
 * so nothing else may run meanwhile. The file is removed when the server closes.
 */
export function listenOnPath(server: Server, path: string, mode: number): void {
  const before = process.umask(0o777 & ~mode);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

// Only a refusal shows that nothing listens: a program that is busy or that others may not connect to is alive.
function stateOf(path: string): Promise<'live' | 'stale' | 'gone'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('live');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code === 'ECONNREFUSED' ? 'stale' : code === 'ENOENT' ? 'gone' : 'live');
    });
  });
}
