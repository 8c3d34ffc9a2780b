/**
 * What a hostile agent may do to the link itself. It loses its link or waits; other tunnels, whose canary asks
 * before, during and after, notice nothing.
 */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { after, afterEach, before, describe, type TestContext, test } from 'node:test';
import type { WebSocket } from 'ws';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';
import { silentLog } from '../../../src/core/log.js';
import { startEdge } from '../../../src/edge/edge.js';
import { MAX_MESSAGE_FRAGMENTS } from '../../../src/link/handshake.js';
import { createToken } from '../../../src/link/token.js';
import { HostileTunnel } from '../../support/hostile-tunnel.js';
import { inWorld } from '../../support/in-world.js';
import { knock } from '../../support/knock.js';
import {
  ACK,
  block,
  END_HEADERS,
  END_STREAM,
  type Fields,
  FRAME,
  frame,
  number32,
  RawAgent,
  SETTING,
  type Settings,
} from '../../support/raw-peer.js';
import type { VisitorResponse } from '../../support/visitor.js';
import { Asked, openBare, openPair } from '../../unit/link/pair.js';

const OK: Fields = [[':status', '200']];
const CODES = new Set(['ERR_LINK_LOST', 'ERR_TARGET_PROTOCOL', 'ERR_TARGET_REFUSED']);
const REFUSED_STREAM = 7;
const ENHANCE_YOUR_CALM = 11;

const CANCEL = 8;

const UPLOAD_BYTES = 10_000_000;
// What one upload that nobody takes may hold at the edge: see docs/budgets.md.
const MAX_HELD_BYTES = 262_144;

describe('a hostile agent on a link', () => {
  const { world, visitor: canary } = inWorld({ as: 'ana', edgeEnv: { NODE_OPTIONS: '--unhandled-rejections=strict' } });
  let hostile: HostileTunnel;

  before(async () => {
    hostile = await HostileTunnel.open(world);
  });
  afterEach(() => assertServes());
  after(async () => {
    hostile?.close();
    assert.equal(world.edge.stderr, '');
  });

  async function assertServes(count = 1): Promise<void> {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, at) => canary.fetch(`${world.url}/canary/${at}`)),
    );
    const seen = answers.map((response) => [response.status, (response.json() as { url: string }).url]);
    assert.deepEqual(
      seen,
      answers.map((_, at) => [200, `/canary/${at}`]),
    );
  }

  function ask(path = '/asked'): Promise<VisitorResponse | undefined> {
    return hostile.visitor.fetch(hostile.url + path).catch(() => undefined);
  }

  function assertRefused(response: VisitorResponse | undefined): void {
    const code = String(response?.headers['postern-error']);
    assert.deepEqual([response?.status, CODES.has(code)], [502, true], `${response?.status} ${code}`);
  }

  /** No answer that looks whole: a 502 when no head had left, else one that breaks. */
  function assertBroken(response: VisitorResponse | undefined): void {
    if (response !== undefined) assertRefused(response);
  }

  test('I1 an agent that resets every stream costs each visitor a 502, and others nothing', async () => {
    const agent = await hostile.connect();
    for (let at = 0; at < 100; at++) {
      const asked = ask();
      await agent.frame(FRAME.headers, 2 * at + 1);
      const code = at % 14;
      agent.send(FRAME.reset, 0, 2 * at + 1, number32(code));
      if (code !== REFUSED_STREAM) assertRefused(await asked);
      else assert.equal((await asked)?.headers['postern-error'], 'ERR_TUNNEL_BUSY'); // RFC 9113 section 8.7
      if (at % 10 === 0) await assertServes();
    }
  });

  test('I1 an agent that makes the edge reset every stream costs each visitor a 502, and others nothing', async () => {
    const agent = await hostile.connect();
    const ways: ((agent: RawAgent, stream: number) => void)[] = [
      (peer, stream) => peer.send(FRAME.windowUpdate, 0, stream, number32(0)),
      (peer, stream) => peer.send(FRAME.windowUpdate, 0, stream, number32(0x7fffffff)),
      (peer, stream) => peer.headers(stream, 0, [['no', 'status']]),
      (peer, stream) => peer.send(FRAME.data, 0, stream, Buffer.from('before any head')),
    ];
    for (let at = 0; at < 100; at++) {
      const asked = ask();
      await agent.frame(FRAME.headers, 2 * at + 1);
      ways[at % ways.length]?.(agent, 2 * at + 1);
      assertRefused(await asked);
    }
    await assertServes(20);
  });

  test('I1 ten thousand visitors who leave cost nobody the link', async (t) => {
    const { edge } = await openPair(t, (stream) => stream.respond({ status: 200, headers: [] }, { endOfBody: true }));
    for (let round = 0; round < 100; round++) {
      const asked = Array.from({ length: 100 }, () => new Asked(edge, { method: 'POST' }, { endOfBody: false }));
      await Promise.all(asked.slice(0, 1).map(({ head }) => head));
      for (const { stream } of asked) stream.cancel();
      assert.equal(edge.running, 0);
    }
    assert.equal((await new Asked(edge).head).status, 200);
    assert.equal(edge.draining.aborted, false);
  });

  const floods: Readonly<Record<string, Buffer>> = {
    SETTINGS: frame(FRAME.settings, 0, 0),
    'SETTINGS that change every window': frame(FRAME.settings, 0, 0, Buffer.from('000400010000', 'hex')),
    PING: frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
    'PING answers that nobody asked for': frame(FRAME.ping, ACK, 0, Buffer.alloc(8)),
    'empty DATA': frame(FRAME.data, 0, 1),
    PRIORITY: frame(2, 0, 1, Buffer.from('0000000310', 'hex')),
    'WINDOW_UPDATE of one byte': frame(FRAME.windowUpdate, 0, 0, number32(1)),
    'RST_STREAM of one stream': frame(FRAME.reset, 0, 1, number32(8)),
    'unknown frames': frame(0xbb, 0, 0, Buffer.alloc(10)),
  };
  for (const [what, bytes] of Object.entries(floods)) {
    test(`I2 a flood of ${what} ends the link that it comes on, and no other tunnel loses an answer`, async () => {
      const agent = await hostile.connect();
      const asked = ask();
      await agent.frame(FRAME.headers, 1);
      agent.headers(1, 0, OK);
      const thousand = Buffer.concat(Array(1_000).fill(bytes));
      for (let sent = 0; sent < 20_000; sent += 1_000) agent.write(thousand);
      await assertServes(20);
      assert.equal((await agent.frame(FRAME.goaway, 0)).payload.readUInt32BE(4), ENHANCE_YOUR_CALM);
      await agent.closed;
      assertBroken(await asked);
    });
  }

  test('I4 an upload that the agent opens no window for waits as long as the link lives, and is bounded', async (t) => {
    const { edge, agent, url } = await openPublicTunnel(t, { [SETTING.windowBytes]: 0 });
    const sockets: Socket[] = [];
    const seen = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
    subscribe('http.server.request.start', seen);
    t.after(() => unsubscribe('http.server.request.start', seen));
    const visitor = world.visitor();
    const upload = visitor.fetch(`${url}/upload`, { method: 'POST', body: Buffer.alloc(UPLOAD_BYTES) });
    await agent.frame(FRAME.headers, 1);
    const [socket] = sockets as [Socket];
    const round = () => visitor.bare(`http://127.0.0.1:${edge.adminPort}/healthz`);
    while (socket.bytesRead <= 65_536) await round();
    await settled(() => socket.bytesRead, round);
    assert.ok(socket.bytesRead <= MAX_HELD_BYTES, `${socket.bytesRead} bytes are held`);
    agent.send(FRAME.windowUpdate, 0, 0, number32(UPLOAD_BYTES));
    agent.send(FRAME.windowUpdate, 0, 1, number32(UPLOAD_BYTES));
    await agent.frame(FRAME.data, 1, END_STREAM);
    agent.headers(1, END_STREAM, OK);
    assert.equal((await upload).status, 200);
  });

  test('I4 where the operator sets a limit, an upload of which nothing is taken is 504, and the next one is served', async (t) => {
    const { agent, url } = await openPublicTunnel(t, { [SETTING.windowBytes]: 0 }, { POSTERN_UPLOAD_IDLE: '1s' });
    const visitor = world.visitor();
    const upload = visitor.fetch(`${url}/upload`, { method: 'POST', body: Buffer.alloc(1_000_000) });
    await agent.frame(FRAME.headers, 1);
    const held = visitor.fetch(`${url}/held`); // a visitor with nothing to send waits for the target as long as it takes
    await agent.frame(FRAME.headers, 3);
    const response = await upload;
    assert.deepEqual([response.status, response.headers['postern-error']], [504, 'ERR_TARGET_TIMEOUT']);
    assert.equal((await agent.frame(FRAME.reset, 1)).payload.readUInt32BE(0), CANCEL);
    agent.headers(3, END_STREAM, OK);
    assert.equal((await held).status, 200);
  });

  test('I4 a visitor who leaves uploads that the agent takes nothing of has their share of streams again', async (t) => {
    let passedMs = 0;
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => now() + passedMs);
    const { agent, url } = await openPublicTunnel(t, { [SETTING.windowBytes]: 0, [SETTING.maxStreams]: 2 });
    const visitor = world.visitor();
    let previous: AbortController | undefined;
    for (let stream = 1; stream < 20; stream += 2) {
      const leaving = new AbortController();
      const options = { method: 'POST', body: Buffer.alloc(UPLOAD_BYTES), signal: leaving.signal };
      const upload = visitor.stream(`${url}/upload`, 'fetch', options);
      upload.catch(() => {});
      await agent.frame(FRAME.headers, stream);
      if (previous !== undefined) assert.equal(await resetCode(agent, stream - 2), CANCEL);
      const busy = await visitor.fetch(`${url}/next`);
      assert.equal(busy.headers['postern-error'], 'ERR_TUNNEL_BUSY', 'it has only just begun to wait');
      leaving.abort();
      previous = leaving;
      passedMs += 30_000;
    }
  });

  test('I4 a visitor who leaves a WebSocket that the agent takes nothing of has their share of streams again', async (t) => {
    let passedMs = 0;
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => now() + passedMs);
    const { agent, url } = await openPublicTunnel(t, { [SETTING.windowBytes]: 0, [SETTING.maxStreams]: 2, 8: 1 });
    const visitor = world.visitor();
    const opening = visitor.socket(`${url.replace('http', 'ws')}/ws`);
    await agent.frame(FRAME.headers, 1);
    agent.headers(1, 0, OK);
    const socket = await opening;
    socket.send(Buffer.alloc(UPLOAD_BYTES));
    let isReset = false;
    const reset = agent.frame(FRAME.reset, 1).then(() => {
      isReset = true;
    });
    let next: Promise<VisitorResponse> | undefined;
    while (!isReset) {
      passedMs += 30_000;
      next = visitor.fetch(`${url}/next`);
      await Promise.race([next, reset]);
    }
    await agent.frame(FRAME.headers, 3);
    agent.headers(3, END_STREAM, OK);
    assert.equal((await next)?.status, 200);
  });

  test('I4 a thousand links with shut windows leave nothing behind', async (t) => {
    for (let round = 0; round < 20; round++) {
      const links = await Promise.all(Array.from({ length: 50 }, () => openBare(t)));
      const asked = links.map(({ edge }) => {
        const request = new Asked(edge, { method: 'POST' }, { endOfBody: false });
        request.body.write(Buffer.alloc(100_000));
        return request;
      });
      for (const { socket } of links) socket.terminate();
      for (const { failure } of asked) assert.equal((await failure).code, 'ERR_LINK_LOST');
      for (const { edge } of links) {
        await edge.closed;
        assert.equal(edge.running, 0);
      }
    }
  });

  const violations: Readonly<Record<string, Buffer>> = {
    'I1 a PRIORITY of a stream on itself': frame(2, 0, 1, Buffer.from('0000000110', 'hex')),
    'I4 a window of more than 2^31': frame(FRAME.windowUpdate, 0, 0, number32(0x7fffffff)),
    'I4 an initial window of more than 2^31': frame(FRAME.settings, 0, 0, Buffer.from('000480000000', 'hex')),
    'I4 a window update of nothing': frame(FRAME.windowUpdate, 0, 0, number32(0)),
    'I5 text of another protocol': Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
    'I5 a TLS hello': Buffer.from('16030100f4010000f00303000000', 'hex'),
    'I5 a preface of its own': Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'I5 zeros': Buffer.alloc(10_000),
    'I5 a frame larger than allowed': frame(FRAME.data, 0, 0, Buffer.alloc(20_000)),
    'I5 a frame that is announced and never comes': Buffer.from('ffffff000000000000', 'hex'),
    'I5 DATA on stream 0': frame(FRAME.data, 0, 0, Buffer.from('x')),
    'I5 HEADERS on stream 2': frame(FRAME.headers, END_HEADERS, 2, block(OK)),
    'I5 SETTINGS with half a setting': frame(FRAME.settings, 0, 0, Buffer.alloc(3)),
    'I6 a setting that permits pushes': frame(FRAME.settings, 0, 0, Buffer.from('000200000001', 'hex')),
    'I7 a GOAWAY with an error': frame(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(11)])),
  };
  for (const [what, bytes] of Object.entries(violations)) {
    test(`${what} is 502 for whoever waits on that link, and ends it`, async () => {
      const agent = await hostile.connect();
      const asked = ask();
      await agent.frame(FRAME.headers, 1);
      agent.write(bytes);
      assertRefused(await asked);
      await agent.closed;
    });
  }

  const messages: Readonly<Record<string, readonly [code: number, send: (link: WebSocket) => void]>> = {
    'a text message': [1003, (link) => link.send('PRI * HTTP/2.0')],
    'a message above the limit': [1009, (link) => link.send(Buffer.alloc(1_048_577))],
    'a message of sixty-four megabytes': [1009, (link) => link.send(Buffer.alloc(64_000_000))],
    'fragments that make a message above the limit': [1009, (link) => sendFragments(link, 20, 65_536)],
    'a message in more fragments than anybody needs': [
      1008,
      (link) => sendFragments(link, MAX_MESSAGE_FRAGMENTS + 1, 1),
    ],
  };
  for (const [what, [code, send]] of Object.entries(messages)) {
    test(`I5 ${what} closes the link with ${code}, and no other`, async () => {
      const agent = await hostile.connect();
      const asked = ask();
      await agent.frame(FRAME.headers, 1);
      send(agent.socket);
      assertRefused(await asked);
      assert.equal(await agent.closed, code);
    });
  }

  test('I5 a hang-up in the middle of a frame is 502', async () => {
    const agent = await hostile.connect();
    const asked = ask();
    await agent.frame(FRAME.headers, 1);
    agent.socket.send(Buffer.from('00', 'hex'), () => agent.socket.terminate());
    assertRefused(await asked);
  });

  test('I5 an answer may be cut into messages and fragments anywhere', async () => {
    const agent = await hostile.connect();
    const response = Buffer.concat([
      frame(FRAME.headers, END_HEADERS, 1, block([...OK, ['x', 'y']])),
      frame(FRAME.data, END_STREAM, 1, Buffer.from('byte by byte')),
    ]);
    const asked = ask();
    await agent.frame(FRAME.headers, 1);
    for (const [at, byte] of response.entries()) agent.socket.send(Buffer.from([byte]), { fin: at % 3 === 2 });
    agent.socket.send(Buffer.alloc(0));
    const { status, headers, text } = (await asked) as VisitorResponse;
    assert.deepEqual([status, headers['x'], text], [200, 'y', 'byte by byte']);
  });

  test('I6 a push is refused: the edge has said that it takes none, and ends the link that promises one', async () => {
    const agent = await hostile.connect();
    const asked = ask();
    await agent.frame(FRAME.headers, 1);
    const settings = (await agent.frame(FRAME.settings, 0)).payload.toString('hex').match(/.{12}/g);
    assert.ok(settings?.includes('000200000000'), String(settings));
    const promise = block([
      [':method', 'GET'],
      [':path', '/'],
      [':scheme', 'https'],
      [':authority', 'x'],
    ]);
    agent.send(FRAME.pushPromise, END_HEADERS, 1, Buffer.concat([number32(2), promise]));
    agent.headers(2, END_STREAM, OK);
    assertRefused(await asked);
    await agent.closed;
  });

  test('I7 after a polite GOAWAY what runs finishes, and what is new goes to the link that replaces this one', async () => {
    const leaving = await hostile.connect();
    const running = ask('/running');
    await leaving.frame(FRAME.headers, 1);
    leaving.send(FRAME.goaway, 0, 0, Buffer.concat([number32(1), number32(0)]));
    leaving.send(FRAME.settings, 0, 0); // in the same packet, as some libraries do
    leaving.headers(1, 0, OK);
    leaving.send(FRAME.data, 0, 1, Buffer.from('fini'));
    const replacement = await hostile.replace();
    const next = ask('/next');
    await replacement.frame(FRAME.headers, 1);
    replacement.headers(1, END_STREAM, [...OK, ['x', 'replacement']]);
    assert.equal((await next)?.headers['x'], 'replacement');
    leaving.send(FRAME.data, END_STREAM, 1, Buffer.from('shed'));
    assert.equal((await running)?.text, 'finished');
    await leaving.closed;
  });

  test('I7 a stream that the GOAWAY leaves out is 502, and one in its middle breaks', async () => {
    const agent = await hostile.connect();
    const [begun, unseen] = [ask('/begun'), ask('/unseen')];
    await agent.frame(FRAME.headers, 3);
    agent.headers(1, 0, OK);
    agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(1), number32(0)]));
    const answers = [await Promise.race([begun, unseen])];
    agent.socket.terminate();
    answers.push(...(await Promise.all([begun, unseen])));
    for (const response of answers.slice(1)) assertBroken(response);
  });

  test('I7 a GOAWAY that gives back what another has taken away ends the link', async () => {
    const agent = await hostile.connect();
    agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(1), number32(0)]));
    agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(3), number32(0)]));
    await agent.closed;
  });

  test('I4 an agent that permits no stream gives its visitors 503, and nothing waits', async () => {
    const agent = await hostile.connect({ [SETTING.maxStreams]: 0 });
    await agent.frame(FRAME.settings, 0, ACK);
    const response = await ask();
    assert.deepEqual([response?.status, response?.headers['postern-error']], [503, 'ERR_TUNNEL_BUSY']);
  });

  test('I16 after all of that the edge has logged no error of its own, and nothing on standard error', async () => {
    assert.equal(world.edge.stderr, '');
    const errors = world.edge.records().filter(({ level, code }) => level === 'error' || code === 'ERR_INTERNAL');
    assert.deepEqual(errors, []);
  });
});

/** An edge in this process and a tunnel of it that needs no sign-in. */
async function openPublicTunnel(t: TestContext, settings: Settings, more: Readonly<Record<string, string>> = {}) {
  const secret = 'a secret of thirty-two bytes or more for tests';
  const env = {
    POSTERN_LISTEN: '127.0.0.1:0',
    POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
    POSTERN_SECRET: secret,
    POSTERN_PUBLIC: 'true',
    POSTERN_OIDC_ISSUER: 'http://localhost:1',
    POSTERN_OIDC_CLIENT_ID: 'edge',
    POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
    ...more,
  };
  const edge = await startEdge(loadEdgeConfig({ env, flags: {} }), { log: silentLog, audit: silentLog });
  const token = await createToken([secret], { owner: 'dev@acme.com', tunnels: ['demo'], ttlMs: 60_000 });
  const agents: RawAgent[] = [];
  const { link } = await knock(
    { port: edge.port, base: edge.url },
    { token, name: 'demo', allow: 'public' },
    (socket) => agents.push(new RawAgent(socket, settings)),
  );
  t.after(async () => {
    link.terminate();
    edge.destroy();
    await edge.close();
  });
  const agent = agents[0] as RawAgent; // attached before the knock was answered
  await agent.frame(FRAME.settings, 0, ACK);
  return { edge, agent, url: `http://demo.localhost:${edge.port}` };
}

function sendFragments(link: WebSocket, count: number, bytes: number): void {
  for (let sent = 1; sent <= count; sent++) link.send(Buffer.alloc(bytes), { fin: sent === count });
}

async function resetCode(agent: RawAgent, stream: number): Promise<number> {
  return (await agent.frame(FRAME.reset, stream)).payload.readUInt32BE(0);
}

/** Goes round until a number has not changed for twenty rounds. */
async function settled(read: () => number, round: () => Promise<unknown>): Promise<void> {
  let last = -1;
  for (let same = 0; same < 20; same = read() === last ? same + 1 : 0) {
    last = read();
    await round();
  }
}
