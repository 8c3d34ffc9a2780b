/**
 * Visitors whose connections are all at one worker of an edge: it hands them out in turn, so twice as many are opened, and those at
 * the other one closed. Which process has a socket is in `/proc`.
 */
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { RequestHeaders } from './driver.js';

const HEAD_END = '\r\n\r\n';

/** The process that has the edge's end of a connection; undefined if it is none of those. */
export function holderOf(edgePort: number, peerPort: number, pids: readonly number[]): number | undefined {
  const isWanted = (line: string) => {
    const [, local = '', remote = ''] = line.trim().split(/\s+/);
    return portOf(local) === edgePort && portOf(remote) === peerPort;
  };
  const entry = readFileSync('/proc/net/tcp', 'latin1').split('\n').find(isWanted);
  const inode = entry?.trim().split(/\s+/)[9];
  return pids.find((pid) => socketsOf(pid).has(`socket:[${inode}]`));
}

/** Connections of a process to a port, by their local ports. */
export function portsTo(port: number, pid: number): number[] {
  const sockets = socketsOf(pid);
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = '', , , , , , , inode]) => portOf(remote) === port && sockets.has(`socket:[${inode}]`))
    .map(([, local = '']) => portOf(local));
}

export class Lane {
  readonly #sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  /** So many connections to the edge at `port`, all of them at the worker `pid` of `pids`. */
  static async open(port: number, count: number, pid: number, pids: readonly number[]): Promise<Lane> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      await once(socket, 'connect');
      await ask(socket, 'GET / HTTP/1.1\r\nHost: nobody.invalid\r\n\r\n'); // a worker has it by then
      if (holderOf(port, socket.localPort ?? 0, pids) === pid) sockets.push(socket);
      else socket.destroy();
    }
    return new Lane(sockets);
  }

  /** Asks on all connections, again and again, for so many seconds. Returns how many responses came; NaN if one was no 200. */
  async drive(path: string, { host, ...others }: RequestHeaders, seconds: number): Promise<number> {
    const fields = Object.entries({ host, ...others }).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
    const endMs = performance.now() + seconds * 1000;
    const counts = this.#sockets.map(async (socket) => {
      let count = 0;
      while (performance.now() < endMs) count += (await ask(socket, request)) === 200 ? 1 : Number.NaN;
      return count;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The status of the response, once it is whole. */
function ask(socket: Socket, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const lost = () => reject(new Error('the edge has closed a connection'));
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf(HEAD_END);
      if (head < 0) return;
      const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, head))?.[1]);
      if (Number.isNaN(length)) return reject(new Error(`a response without a length:\n${text.slice(0, head)}`));
      if (text.length < head + HEAD_END.length + length) return;
      socket.off('data', read).off('close', lost);
      resolve(Number(text.slice(9, 12)));
    };
    socket.on('data', read).on('close', lost).write(request);
  });
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  return new Set(readdirSync(folder).map((name) => linkOf(`${folder}/${name}`)));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
