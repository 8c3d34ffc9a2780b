import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { greetPeer, peerIdentity, receivePeer } from '../../../src/cluster/peer-handshake.js';
import type { TunnelLink } from '../../../src/cluster/relay.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { openOwner, SECRET } from './nodes.js';

const OTHER_SECRET = 'another secret of thirty-two bytes or more';

/** A link that must not be asked. */
const UNASKED: TunnelLink = {
  draining: new AbortController().signal,
  running: 0,
  open: () => assert.fail('a stranger has reached the agent'),
};

async function dial(t: TestContext, path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {}); // `close` follows
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** All that the other end sends until it ends the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  if (!socket.destroyed) await once(socket, 'close');
  return text;
}

const HELLO = (keyId: string, node = 'owner') => `postern-peer/1 me ${node} ${'A'.repeat(43)} ${keyId}\n`;
const KEY_ID = peerIdentity('x', [SECRET]).keys[0].id;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

describe('a stranger at the peer address', () => {
  for (const [what, bytes] of [
    ['HTTP/2 without a greeting', PREFACE],
    ['a greeting of another protocol', 'GET / HTTP/1.1\r\n\r\n'],
    ['a line without an end', 'x'.repeat(10_000)],
    ['another key', HELLO('AAAAAAAA')],
    ['another node', HELLO(KEY_ID, 'another')],
    ['an empty line', '\n'],
  ] as const) {
    it(`gets nothing for ${what}`, async (t) => {
      const { path } = await openOwner(t, UNASKED);
      const socket = await dial(t, path);
      socket.write(bytes);
      assert.equal(await untilClosed(socket), '');
    });
  }

  it('gets no further with a known key id, and no proof', async (t) => {
    const { path } = await openOwner(t, UNASKED);
    const socket = await dial(t, path);
    socket.write(`${HELLO(KEY_ID)}${'A'.repeat(43)}\n${PREFACE}`);
    assert.match(await untilClosed(socket), /^[\w-]{43} [\w-]{8} [\w-]{43}\n$/);
  });

  it('cannot replay what a node has said', async (t) => {
    const { path, sockets } = await openOwner(t, UNASKED);
    const genuine = await dial(t, path);
    const said: string[] = [];
    const write = genuine.write.bind(genuine) as (text: string) => boolean;
    t.mock.method(genuine, 'write', (text: string) => {
      said.push(text);
      return write(text);
    });
    await greetPeer(genuine, peerIdentity('me', [SECRET]), 'owner');
    assert.equal(said.length, 2);
    const replayed = await dial(t, path);
    replayed.write(said.join('') + PREFACE);
    await untilClosed(replayed);
    assert.equal(sockets.length, 2);
  });
});

describe('two nodes', () => {
  async function meet(t: TestContext, dialler: readonly string[], listener: readonly string[]) {
    const path = join(temporaryFolder('peer'), 'one.sock');
    const server = createServer();
    server.listen(path);
    t.after(() => server.close());
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const socket = await dial(t, path);
    const [other] = await accepted;
    return Promise.allSettled([
      greetPeer(socket, peerIdentity('one', dialler), 'two'),
      receivePeer(other, peerIdentity('two', listener)),
    ]);
  }

  it('know each other by the secret', async (t) => {
    const [greeted, received] = await meet(t, [SECRET], [SECRET]);
    assert.deepEqual([greeted.status, received], ['fulfilled', { status: 'fulfilled', value: 'one' }]);
  });

  it('know each other while the secret is exchanged', async (t) => {
    for (const [one, two] of [
      [[OTHER_SECRET, SECRET], [SECRET]],
      [[SECRET], [OTHER_SECRET, SECRET]],
    ] as const)
      assert.deepEqual(
        (await meet(t, one, two)).map(({ status }) => status),
        ['fulfilled', 'fulfilled'],
      );
  });

  it('with different secrets both refuse', async (t) => {
    assert.deepEqual(
      (await meet(t, [OTHER_SECRET], [SECRET])).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
  });

  it('does not believe a listener that only repeats what it hears', async (t) => {
    const path = join(temporaryFolder('peer'), 'echo.sock');
    const server = createServer((socket) => {
      socket.on('error', () => {}); // the dialler leaves
      socket.pipe(socket);
    });
    server.listen(path);
    t.after(() => server.close());
    await once(server, 'listening');
    await assert.rejects(greetPeer(await dial(t, path), peerIdentity('one', [SECRET]), 'two'), {
      code: 'ERR_LINK_LOST',
    });
  });
});
