import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer as createLocalServer, connect as dialPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { callPeer } from '../../../src/cluster/peer-calls.js';
import { greetPeer, peerIdentity } from '../../../src/cluster/peer-handshake.js';
import { PeerLink } from '../../../src/cluster/peer-link.js';
import { PeerListener } from '../../../src/cluster/peer-listener.js';
import { PeerOthers } from '../../../src/cluster/peer-others.js';
import { Peers } from '../../../src/cluster/peers.js';
import { MAX_STRANGERS_OF_ONE } from '../../../src/cluster/strangers.js';
import { silentLog } from '../../../src/core/log.js';
import { deferred } from '../../support/deferred.js';
import { freePort } from '../../support/free-port.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { PEER_CERTIFICATE, SECRET } from './nodes.js';

const OTHER_SECRET = 'another secret of thirty-two bytes or more';
const OLD_SECRET = 'the secret of thirty-two bytes that was';

const asPeer = { rejectUnauthorized: false, ALPNProtocols: ['postern-peer'], servername: 'postern-peer' };

interface Listening {
  readonly address: string;
  readonly port: number;
  readonly others: PeerOthers;
  readonly peers: Peers;
  /** Resolves with each connection that has come. */
  readonly sockets: Socket[];
}

/** The node `owner` behind TLS, with the method `people`. */
async function listening(t: TestContext, secrets: readonly string[] = [SECRET], port = 0): Promise<Listening> {
  const others = new PeerOthers();
  others.on('people', (...args: readonly unknown[]) => args);
  const peers = new Peers({
    identity: peerIdentity('owner', secrets),
    nodeOf: () => undefined,
    own: {
      linkOf: () => assert.fail('a stranger has reached the links'),
      probe: () => assert.fail('a stranger has reached the links'),
    },
    methods: others.methods,
    log: silentLog,
  });
  const sockets: Socket[] = [];
  const listen = { host: '127.0.0.1', port };
  const listener = await PeerListener.open(
    { listen, url: undefined, worker: 0, workers: 1, certificate: PEER_CERTIFICATE },
    (socket, tls) => {
      sockets.push(socket);
      peers.accept(socket, tls);
    },
  );
  t.after(() => {
    listener.close();
    peers.destroy();
  });
  return { address: listener.address, port: Number(new URL(listener.address).port), others, peers, sockets };
}

/** A node that dials `owner` at an address. Its time passes as a test says. */
function dialler(t: TestContext, peer: string, secrets: readonly string[] = [SECRET], id = 'owner', log = silentLog) {
  let nowMs = 0;
  const peers = new Peers({
    identity: peerIdentity('ingress', secrets),
    nodeOf: (asked) => (asked === id ? { id, peer, state: 'up' } : undefined),
    own: { linkOf: () => undefined, probe: async () => false },
    log,
    now: () => nowMs,
  });
  t.after(() => peers.destroy());
  return {
    ask: (...args: unknown[]) => peers.call(id, { kind: 'ask', method: 'people' }, args),
    pass: (ms: number) => {
      nowMs += ms;
    },
    peers,
  };
}

async function secured(t: TestContext, port: number, options: object = asPeer): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  socket.on('error', () => {}); // `close` follows
  t.after(() => socket.destroy());
  await Promise.race([new Promise<void>((resolve) => socket.once('secureConnect', resolve)), closeOf(socket)]);
  return socket;
}

/** Not `once`, which rejects for a reset. */
async function closeOf(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await closeOf(socket);
  return text;
}

describe('nodes over TLS', () => {
  it('ask each other', async (t) => {
    const { address } = await listening(t);
    assert.deepEqual(await dialler(t, address).ask('demo', 1), ['demo', 1]);
  });

  it('know each other while the secret is exchanged, and not by the old one afterwards', async (t) => {
    const { address } = await listening(t, [SECRET, OLD_SECRET]);
    assert.deepEqual(await dialler(t, address, [OLD_SECRET]).ask(), []);
    const { address: later } = await listening(t, [SECRET]);
    await assert.rejects(dialler(t, later, [OLD_SECRET]).ask(), { code: 'ERR_LINK_LOST' });
  });

  it('refuse another secret, and the address of another node', async (t) => {
    const { address } = await listening(t);
    await assert.rejects(dialler(t, address, [OTHER_SECRET]).ask(), { code: 'ERR_LINK_LOST' });
    await assert.rejects(dialler(t, address, [SECRET], 'another').ask(), { code: 'ERR_LINK_LOST' });
  });

  it('say which one they cannot reach, and where it says it is', async (t) => {
    const { address: peer } = await listening(t);
    const warned: unknown[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) };
    const peers = dialler(t, peer, [SECRET], 'another', log);
    for (let n = 0; n < 3; n++) await assert.rejects(peers.ask(), { code: 'ERR_LINK_LOST' });
    assert.deepEqual(warned, [{ node: 'another', peer, reason: 'not a node of this edge: it has left' }]);
    assert.equal(peers.peers.unreachable, 1);
  });

  it('dial those again that they could not reach, until they can', async (t) => {
    const free = await freePort();
    const { ask, pass, peers } = dialler(t, `https://127.0.0.1:${free}`);
    await assert.rejects(ask(), { code: 'ERR_LINK_LOST' });
    peers.dialAgain();
    await assert.rejects(ask(), { code: 'ERR_LINK_LOST' });
    await listening(t, [SECRET], free);
    pass(250);
    peers.dialAgain();
    assert.deepEqual(await ask(), []);
    assert.deepEqual([peers.unreachable, peers.links.dialled], [0, 1]);
  });

  it('dial one that they could not reach at once when it has reached them', async (t) => {
    const free = await freePort();
    const { ask, peers } = dialler(t, `https://127.0.0.1:${free}`);
    for (let failure = 0; failure < 3; failure++) await assert.rejects(ask(), { code: 'ERR_LINK_LOST' });
    await listening(t, [SECRET], free);
    await assert.rejects(ask(), { code: 'ERR_LINK_LOST' }, 'no time has passed');
    const path = join(temporaryFolder('peer'), 'ingress.sock');
    const server = createLocalServer((socket) => peers.accept(socket)).listen(path);
    t.after(() => server.close());
    await once(server, 'listening');
    const owner = new Peers({
      identity: peerIdentity('owner', [SECRET]),
      nodeOf: (id) => ({ id, peer: `unix:${path}`, state: 'up' }),
      own: { linkOf: () => undefined, probe: async () => false },
      log: silentLog,
    });
    t.after(() => owner.destroy());
    await owner.probe('ingress', { tunnel: 'demo', epoch: 1 });
    assert.deepEqual(await ask(), []);
    assert.deepEqual([peers.unreachable, peers.links], [0, { dialled: 1, received: 1 }]);
  });

  it('dial one that they cannot reach twice, then less and less often, however much they want of it', async (t) => {
    const { address, sockets } = await listening(t);
    const { ask, pass, peers } = dialler(t, address, [OTHER_SECRET]);
    const asked = async () => {
      for (let n = 0; n < 20; n++) {
        peers.dialAgain();
        await assert.rejects(ask(), { code: 'ERR_LINK_LOST', message: /it has left/ });
      }
      return sockets.length;
    };
    assert.equal(await asked(), 2);
    assert.equal(await asked(), 2);
    pass(250);
    assert.equal(await asked(), 3);
    pass(249); // its next wait is longer
    assert.equal(await asked(), 3);
    pass(251);
    assert.equal(await asked(), 4);
  });

  it('notice somebody in the middle who ends TLS on both sides', async (t) => {
    const { port, sockets } = await listening(t);
    const heard = deferred<string>();
    const middle = createServer({ ...PEER_CERTIFICATE, ALPNProtocols: ['postern-peer'] }, (one) => {
      const other = connect({ port, host: '127.0.0.1', ...asPeer });
      let reply = '';
      one.on('error', () => {});
      other.on('error', () => {});
      other.on('data', (bytes) => {
        reply += bytes;
      });
      one.pipe(other).pipe(one);
      other.once('close', () => heard.resolve(reply));
    });
    middle.listen(0, '127.0.0.1');
    await once(middle, 'listening');
    t.after(() => middle.close());
    const { port: between } = middle.address() as AddressInfo;
    await assert.rejects(dialler(t, `https://127.0.0.1:${between}`).ask(), { code: 'ERR_LINK_LOST' });
    assert.match(await heard.promise, /^[\w-]{43} [\w-]{8} [\w-]{43}\n$/); // the listener was asked, and said no more
    assert.equal(sockets.length, 1);
  });
});

describe('a stranger at a peer address with TLS', () => {
  for (const [what, options] of [
    ['an older version', { ...asPeer, maxVersion: 'TLSv1.2' }],
    ['another protocol', { ...asPeer, ALPNProtocols: ['h2'] }],
    ['no protocol', { ...asPeer, ALPNProtocols: undefined }],
  ] as const)
    it(`is disconnected with ${what}`, async (t) => {
      const { port } = await listening(t);
      assert.equal(await untilClosed(await secured(t, port, options)), '');
    });

  for (const [what, bytes] of [
    ['HTTP/2 without a greeting', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a line without an end', 'x'.repeat(100_000)],
    ['zeros', Buffer.alloc(1_000)],
  ] as const)
    it(`gets nothing for ${what}`, async (t) => {
      const { port } = await listening(t);
      const socket = await secured(t, port);
      socket.write(bytes);
      assert.equal(await untilClosed(socket), '');
    });

  it('is disconnected for clear text', async (t) => {
    const { port } = await listening(t);
    const socket = dialPlain(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.doesNotMatch(await untilClosed(socket), /HTTP/);
  });

  for (const [what, say] of [
    ['in the middle of TLS', async (_t: TestContext, port: number) => dialPlain(port, '127.0.0.1')],
    [
      'in the middle of a greeting',
      async (t: TestContext, port: number) => {
        const socket = await secured(t, port);
        socket.write('postern-peer/1 me ');
        return socket;
      },
    ],
  ] as const)
    it(`that says nothing ${what} has five seconds`, async (t) => {
      const { port } = await listening(t);
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const socket = await say(t, port);
      socket.on('error', () => {});
      const ended = untilClosed(socket);
      const tick = setInterval(() => t.mock.timers.tick(1_000), 5); // whenever its connection has arrived
      assert.equal(await ended, '');
      clearInterval(tick);
    });

  it('leaves room for the others', async (t) => {
    const { port, sockets } = await listening(t);
    const silent = Array.from({ length: MAX_STRANGERS_OF_ONE + 1 }, () => {
      const socket = dialPlain(port, '127.0.0.1');
      socket.on('error', () => {});
      t.after(() => socket.destroy());
      return socket.resume();
    });
    await Promise.race(silent.map(closeOf)); // one is too many
    assert.equal(sockets.filter(({ destroyed }) => !destroyed).length, MAX_STRANGERS_OF_ONE);
  });
});

describe('a node that has proved itself', () => {
  /** Its link to a listening node, on which it may say anything. */
  async function linked(t: TestContext) {
    const node = await listening(t);
    const socket = await secured(t, node.port);
    await greetPeer(socket, peerIdentity('hostile', [SECRET]), 'owner');
    const link = new PeerLink(socket);
    t.after(() => link.destroy());
    return { link, ...node };
  }

  it('reaches no method that is not registered', async (t) => {
    const { link } = await linked(t);
    for (const method of ['people.unknown', 'constructor', 'to-string'])
      await assert.rejects(callPeer(link, { kind: 'ask', method }, []), /no response/);
    await assert.rejects(callPeer(link, { kind: 'ask', method: 'no/method' }, []), /no response/);
  });

  it('cannot say more than a call may be', async (t) => {
    const { link } = await linked(t);
    await assert.rejects(callPeer(link, { kind: 'ask', method: 'people' }, ['x'.repeat(70_000)]), /no response/);
    assert.deepEqual(await callPeer(link, { kind: 'ask', method: 'people' }, ['x'.repeat(60_000)]), [
      'x'.repeat(60_000),
    ]);
  });

  it('harms nobody by a method that fails, or by what is no list of arguments', async (t) => {
    const { link, others } = await linked(t);
    others.on('fails', () => {
      throw new Error('failed');
    });
    await assert.rejects(callPeer(link, { kind: 'ask', method: 'fails' }, []), /no response/);
    await assert.rejects(
      callPeer(link, { kind: 'ask', method: 'people' }, { length: 1 } as unknown as unknown[]),
      /no response/,
    );
    assert.equal(await callPeer(link, { kind: 'tell', method: 'people' }, ['told']), undefined);
  });
});

describe('the others', () => {
  it('are those that respond with a list', async () => {
    const others = new PeerOthers();
    assert.deepEqual(await others.ask('people'), []); // there are none yet
    const results = new Map<string, () => Promise<unknown>>([
      ['one', async () => ['ana']],
      ['two', () => Promise.reject(new Error('away'))],
      ['old', async () => ({ not: 'a list' })],
      ['none', async () => undefined],
    ]);
    others.connect({ nodes: () => [...results.keys()], call: async (node) => results.get(node)?.() });
    assert.deepEqual(await others.ask('people'), [['ana']]);
    others.tell('people');
  });
});
