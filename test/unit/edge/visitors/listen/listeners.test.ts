import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { endpoints, type InheritedSocket } from '../../../../../src/config/endpoints.js';
import { ListenError } from '../../../../../src/config/listen-error.js';
import { type Listener, Listeners } from '../../../../../src/edge/visitors/listen/listeners.js';
import { run } from '../../../../support/processes.js';
import { temporaryFolder } from '../../../../support/temporary-folder.js';

const folder = temporaryFolder('listen');
let count = 0;
const freePath = () => join(folder, `${++count}.sock`);

async function open(t: TestContext, text: string, inherited: readonly InheritedSocket[] = []) {
  const accepted: Listener[] = [];
  const sockets: Socket[] = [];
  const accept = (socket: Socket, listener: Listener) => {
    accepted.push(listener);
    sockets.push(socket);
    socket.end('hello');
  };
  const listeners = await Listeners.open({ endpoints: endpoints.read(text).value ?? [], inherited, accept });
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listeners.close();
  });
  return { listeners, accepted };
}

async function greeting(where: { port: number; host: string } | string): Promise<string> {
  const socket = typeof where === 'string' ? connect(where) : connect(where);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(socket, 'end');
  socket.destroy();
  return text;
}

async function sentence(opening: Promise<unknown>): Promise<string> {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ListenError, String(error));
  assert.match(error.message, /^POSTERN_LISTEN: cannot listen on [^\n]+\.$/);
  return error.message;
}

describe('the sockets of the front door', () => {
  it('are all open, on TCP and Unix, and say of a connection whether it has an address', async (t) => {
    const path = freePath();
    const { listeners, accepted } = await open(t, `127.0.0.1:0,*:0,unix:${path}`);
    const [first, second, third] = listeners.all;
    assert.equal(first?.text, `127.0.0.1:${first?.port}`);
    assert.equal(await greeting({ port: first?.port ?? 0, host: '127.0.0.1' }), 'hello');
    assert.equal(await greeting({ port: second?.port ?? 0, host: '127.0.0.1' }), 'hello');
    assert.equal(await greeting(path), 'hello');
    assert.equal(third?.port, undefined);
    assert.deepEqual(
      accepted.map(({ isLocal }) => isLocal),
      [false, false, true],
    );
  });

  it('are none of them open when one cannot be', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const path = freePath();
    const text = `127.0.0.1:${(taken.address() as { port: number }).port}`;
    const message = await sentence(open(t, `unix:${path},${text}`));
    assert.ok(message.includes(`${text}: another program uses it`), message);
    assert.equal(existsSync(path), false);
  });

  it('have a file whose mode is as asked for, and which is gone when they close', async (t) => {
    for (const [query, mode] of [
      ['', 0o660],
      ['?mode=600', 0o600],
      ['?mode=666', 0o666],
    ] as const) {
      const path = freePath();
      const { listeners } = await open(t, `unix:${path}${query}`);
      assert.equal(statSync(path).mode & 0o777, mode);
      await listeners.close();
      assert.equal(existsSync(path), false);
    }
  });

  it('take the place of a file that a killed program has left', async (t) => {
    const path = freePath();
    const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await run({ name: 'a program that is killed', script: '-e', args: [code] });
    assert.equal(statSync(path).isSocket(), true);
    await open(t, `unix:${path}`);
    assert.equal(await greeting(path), 'hello');
  });

  it('leave a file alone on which a program listens, or which is none of theirs', async (t) => {
    const path = freePath();
    const live: Server = createServer((socket) => socket.on('error', () => {}).end('live')).listen(path);
    t.after(() => live.close());
    await once(live, 'listening');
    assert.match(await sentence(open(t, `unix:${path}`)), /another program listens on it/);
    assert.equal(await greeting(path), 'live');

    const file = freePath();
    writeFileSync(file, 'precious');
    assert.match(await sentence(open(t, `unix:${file}`)), /not a socket/);
    assert.equal(existsSync(file), true);
  });

  it('say why a path cannot be used', async (t) => {
    assert.match(await sentence(open(t, `unix:${join(folder, 'absent', 'a.sock')}`)), /its folder does not exist, or/);
  });

  it('are refused when nobody has handed them over', async (t) => {
    assert.match(await sentence(open(t, 'systemd')), /no socket was handed over.*LISTEN_FDS/);
    assert.match(await sentence(open(t, 'fd:4', [{ fd: 3, name: 'web' }])), /fd:3 \(web\)/);
    assert.match(
      await sentence(open(t, 'fd:900', [{ fd: 900, name: 'web' }])),
      /no such socket was handed over|not a socket/,
    );
  });
});
