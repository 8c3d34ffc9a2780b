/**
 * `NODES=2 node test/run.mjs e2e/…` runs any world with two nodes that look like one edge: this program in its place. Agents come to
 * the one, visitors to the other, so that each request is relayed. What both print comes out here, and each signal reaches both.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { freePort } from '../free-port.js';
import { TestRedis } from '../redis.js';

const LINK = /^GET \/\.postern\/link[? ]/;
const LINK_BYTES = 19;

type Child = ChildProcessByStdio<null, Readable, Readable>;

const [command = '', ...args] = process.argv.slice(2);
const redis = await TestRedis.start();
const [host, port] = (process.env['POSTERN_LISTEN'] ?? '').split(':');
const ports = [await freePort(), await freePort()] as const;
const children: Child[] = [];
for (const [at, own] of ports.entries()) children.push(await start(at, own));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
  });
const front = createServer({ allowHalfOpen: true, pauseOnConnect: true }, handOut).listen(Number(port), host);
await once(front, 'listening');
console.log(JSON.stringify({ msg: 'edge up' }));
const codes = await Promise.all(children.map(async (child) => ((await once(child, 'exit')) as [number | null])[0]));
front.close();
await redis.close();
process.exit(codes.find((code) => code !== 0) ?? 0);

async function start(at: number, own: number): Promise<Child> {
  const env = {
    ...process.env,
    POSTERN_LISTEN: `127.0.0.1:${own}`,
    POSTERN_STORE_URL: redis.url,
    POSTERN_PEER_LISTEN: `https://127.0.0.1:${await freePort()}`,
    ...(at === 0 ? {} : { POSTERN_ADMIN_LISTEN: `127.0.0.1:${await freePort()}` }),
  };
  // Dies with this program, which a test may kill.
  const words = ['--pdeathsig', 'KILL', process.execPath, command, ...args];
  const child = spawn('setpriv', words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    lines.on('line', (line) => {
      if (/"msg":"edge up"/.test(line)) resolve();
      else console.log(line);
    });
  });
  return child;
}

/** To the second node what begins like an agent, to the first one what does not. */
function handOut(socket: Socket): void {
  let head: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  const leave = () => splice(socket, ports[0], head); // an edge that has such a client tells what it lacks
  const listener = (bytes: Buffer) => {
    head = Buffer.concat([head, bytes]);
    if (head.length < LINK_BYTES && isBeginning(head)) return;
    socket.off('data', listener).off('end', leave).pause();
    splice(socket, ports[LINK.test(head.toString('latin1', 0, LINK_BYTES)) ? 1 : 0], head);
  };
  socket.on('data', listener).resume();
  socket.once('end', leave);
}

function isBeginning(head: Buffer): boolean {
  return 'GET /.postern/link'.startsWith(head.toString('latin1').slice(0, 18));
}

function splice(socket: Socket, to: number, head: Buffer): void {
  const other = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
  other.on('error', () => socket.resetAndDestroy());
  socket.removeAllListeners('error').on('error', () => other.resetAndDestroy());
  other.write(head);
  if (socket.readableEnded) other.end();
  socket.pipe(other);
  other.pipe(socket);
}
