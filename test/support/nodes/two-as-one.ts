/**
 * `NODES=2 node test/run.mjs e2e/…` runs any world with two nodes that look like one edge: this program in its place. Agents come to
 * the one, visitors to the other, so that each request is relayed. What both print comes out here, and each signal reaches both.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { TestRedis } from '../redis.js';

const LINK = /^GET \/\.postern\/link[? ]/;
const LINK_BYTES = 19;

/** What an edge says once it is up. */
type Up = { readonly port: number };

type Child = ChildProcessByStdio<null, Readable, Readable>;

const [command = '', ...args] = process.argv.slice(2);
const redis = await TestRedis.start({ endsWithStarter: true }); // a test may kill this program
const [host, port] = (process.env['POSTERN_LISTEN'] ?? '').split(':');
const first = await start(process.env['POSTERN_ADMIN_LISTEN'] ?? '');
const second = await start('127.0.0.1:0');
const children = [first.child, second.child];
const front = createServer({ allowHalfOpen: true, pauseOnConnect: true }, handOut).listen(Number(port), host);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.removeAllListeners(signal); // what is imported above would end this program by itself
  process.on(signal, () => {
    if (signal !== 'SIGHUP') front.close();
    for (const child of children) child.kill(signal);
  });
}
await once(front, 'listening');
console.log(JSON.stringify({ ...first.up, port: Number(port) }));
// Only then has all been read that they have printed.
const codes = await Promise.all(children.map(async (child) => ((await once(child, 'close')) as [number | null])[0]));
front.close();
await redis.close();
process.exit(codes.find((code) => code !== 0) ?? 0);

/** Resolves once it is up; one that does not start ends this program as it would end. */
async function start(admin: string): Promise<{ readonly child: Child; readonly port: number; readonly up: Up }> {
  const env = {
    ...process.env,
    POSTERN_LISTEN: '127.0.0.1:0',
    POSTERN_STORE_URL: redis.url,
    POSTERN_PEER_LISTEN: 'https://127.0.0.1:0',
    POSTERN_ADMIN_LISTEN: admin,
  };
  // Dies with this program, which a test may kill.
  const words = ['--pdeathsig', 'KILL', process.execPath, command, ...args];
  const child = spawn('setpriv', words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.pipe(process.stderr);
  const up = await new Promise<Up>((resolve) => {
    child.once('exit', (code) => process.exit(code ?? 1));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (/"msg":"edge up"/.test(line)) resolve(JSON.parse(line) as Up);
      else console.log(line);
    });
  });
  child.removeAllListeners('exit');
  return { child, port: up.port, up };
}

/** To the second node what begins like an agent, to the first one what does not. */
function handOut(socket: Socket): void {
  let head: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  const leave = () => splice(socket, first.port, head); // an edge that has such a client tells what it lacks
  const listener = (bytes: Buffer) => {
    head = Buffer.concat([head, bytes]);
    if (head.length < LINK_BYTES && isBeginning(head)) return;
    socket.off('data', listener).off('end', leave).pause();
    splice(socket, (LINK.test(head.toString('latin1', 0, LINK_BYTES)) ? second : first).port, head);
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
