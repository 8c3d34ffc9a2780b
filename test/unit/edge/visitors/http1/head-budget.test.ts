import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { HeadBudget } from '../../../../../src/edge/visitors/http1/head-budget.js';
import { deferred } from '../../../../support/deferred.js';

const LIMITS = { maxBytes: 40_000, maxBytesOfOne: 20_000 };
const HOST = 'Host: x\r\n';
const HALF = `GET / HTTP/1.1\r\n${HOST}X-Half: ${'x'.repeat(9_000)}`;

async function opened(t: TestContext, isProxy = false, limits = LIMITS) {
  const server = createServer({ maxHeaderSize: 65_536 });
  const cut: string[] = [];
  const budget = new HeadBudget(server, { isProxy: () => isProxy, cut: (address) => cut.push(address), limits });
  const accepted = new Set<Socket>();
  server.on('connection', (socket: Socket) => accepted.add(socket));
  server.on('request', (request, response) => {
    request.resume().once('end', () => response.end('whole'));
  });
  server.on('upgrade', (_request, socket) => socket.resume().write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  /** Sends bytes on a connection and resolves once the server has read all that it was ever sent. */
  async function send(bytes: string, socket = dial()): Promise<Socket> {
    socket.write(bytes);
    if (socket.connecting) await once(socket, 'connect');
    await until(() =>
      [...accepted].some((one) => one.remotePort === socket.localPort && one.bytesRead === socket.bytesWritten),
    );
    return socket;
  }

  function dial(): Socket {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket.on('error', () => {}).on('data', () => {}));
    return socket;
  }

  async function isServed(socket: Socket): Promise<boolean> {
    if (socket.destroyed) return false;
    const answered = deferred<boolean>();
    socket.on('data', (bytes: Buffer) => answered.resolve(String(bytes).includes('whole')));
    socket.on('close', () => answered.resolve(false));
    socket.write('\r\n\r\n');
    return answered.promise;
  }
  return { budget, cut, send, isServed };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe('unfinished heads', () => {
  it('counts what unfinished heads hold, those that it cuts as well', async (t) => {
    const { budget, cut, send } = await opened(t);
    assert.equal(budget.look(), 0);
    await send(HALF);
    assert.equal(budget.look(), HALF.length);
    await send(HALF);
    await send(HALF);
    assert.equal(budget.look(), 3 * HALF.length);
    assert.equal(cut.length, 1);
    assert.equal(budget.look(), 2 * HALF.length);
  });

  it('of one address may hold so much, and the largest go first', async (t) => {
    const { budget, cut, send, isServed } = await opened(t);
    const slow = await send(`GET / HTTP/1.1\r\n${HOST}X-Slow: phone`);
    const attackers = [await send(HALF), await send(HALF), await send(HALF), await send(HALF)];
    budget.look();
    assert.equal(cut.length, 2);
    assert.equal(await isServed(slow), true);
    const served = await Promise.all(attackers.map(isServed));
    assert.equal(served.filter(Boolean).length, 2);
  });

  it('of a proxy hold what all may hold together', async (t) => {
    const { budget, cut, send } = await opened(t, true);
    for (let count = 0; count < 4; count++) await send(HALF);
    budget.look();
    assert.equal(cut.length, 0);
    await send(HALF);
    budget.look();
    assert.equal(cut.length, 1);
  });

  it('count behind requests that were whole, and bodies do not', async (t) => {
    const { budget, cut, send } = await opened(t, false, { maxBytes: 40_000, maxBytesOfOne: 1_000 });
    const body = 'b'.repeat(30_000);
    const post = `POST / HTTP/1.1\r\n${HOST}Content-Length: 30000\r\n\r\n`;
    const socket = await send(`GET / HTTP/1.1\r\n${HOST}X-Large: ${'x'.repeat(30_000)}\r\n\r\n`);
    await send(post + body, socket);
    budget.look();
    await send(post + body.slice(1), socket);
    budget.look();
    await send('b', socket);
    budget.look();
    await send(`GET / HTTP/1.1\r\n${HOST}\r\n`, socket);
    budget.look();
    assert.deepEqual(cut, []);
    await send(`GET / HTTP/1.1\r\n${HOST}\r\n${HALF}`, socket);
    budget.look();
    assert.equal(cut.length, 1);
  });

  it('count behind a body in chunks, which itself does not when it is over', async (t) => {
    const { budget, cut, send } = await opened(t, false, { maxBytes: 200_000, maxBytesOfOne: 70_000 });
    const post = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
    const chunk = `4000\r\n${'b'.repeat(0x4000)}\r\n`;
    const uploader = await send(`${post}${chunk.repeat(20)}0\r\n\r\n`);
    await send(`GET / HTTP/1.1\r\n${HOST}\r\n`, uploader);
    for (let count = 0; count < 7; count++) await send(`${post}0\r\n\r\n${HALF}`);
    budget.look();
    assert.deepEqual(cut, []);
    await send(`${post}0\r\n\r\n${HALF}`);
    budget.look();
    assert.equal(cut.length, 1);
  });

  it('are none of a connection that was upgraded', async (t) => {
    const { budget, cut, send } = await opened(t);
    const socket = await send(`GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    await send('x'.repeat(100_000), socket);
    budget.look();
    assert.deepEqual(cut, []);
  });
});
