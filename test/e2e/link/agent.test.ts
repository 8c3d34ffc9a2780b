/**
 * What a hostile edge may do to an agent. The agent speaks to its one target whatever it is told, closes
 * an invalid link, dials again, and never ends by itself.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { StreamTable } from '../../../src/http2/stream/stream-table.js';
import { ask, HostileEdge, requestFields } from '../../support/hostile-edge.js';
import type { Program } from '../../support/processes.js';
import {
  block,
  END_HEADERS,
  END_STREAM,
  type Fields,
  FRAME,
  frame,
  number32,
  type RawEdge,
  type RawResponse,
} from '../../support/raw-peer.js';
import { startTarget, type Target } from '../../support/target.js';
import type { Echo } from '../../support/target-paths.js';

describe('a hostile edge', () => {
  let edge: HostileEdge;
  let agent: Program;
  let target: Target;
  let link: RawEdge;
  let stream = 1;
  /** Another server of the developer's machine, which nobody may reach through the tunnel. */
  let decoy: Server;
  let decoyHost: string;
  let reached = 0;

  before(async () => {
    decoy = createServer((socket) => {
      reached++;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(decoy, 'listening');
    decoyHost = `127.0.0.1:${(decoy.address() as AddressInfo).port}`;
    target = await startTarget();
    edge = await HostileEdge.start();
    agent = edge.agentFor(target.url);
    link = await edge.link();
  });
  beforeEach(() => target.forget());
  after(async () => {
    await edge?.close();
    await target?.close();
    decoy?.close();
  });

  function next(fields: Fields): Promise<RawResponse> {
    const asked = ask(link, stream, fields);
    stream += 2;
    return asked;
  }

  /** The agent still serves, on the link that it has. */
  async function assertServes(): Promise<void> {
    const { status, body } = await next(requestFields('/canary'));
    assert.deepEqual([status, (JSON.parse(body.toString()) as Echo).url], [200, '/canary']);
    assert.equal(reached, 0, 'another server of the machine was reached');
  }

  async function assertRefused(fields: Fields): Promise<void> {
    const outcome = await next(fields).catch(() => undefined);
    if (outcome !== undefined)
      assert.ok(outcome.status >= 400 && outcome.fields.includes('postern-error'), `${outcome.status}`);
    assert.deepEqual(await target.seen(), []);
    await assertServes();
  }

  // DECOY stands for the address of the other server.
  const elsewhere = [
    'http://169.254.169.254/latest/meta-data/',
    'http://DECOY/',
    'https://DECOY/',
    '@DECOY/',
    ':80@DECOY/',
    'DECOY',
    '*',
    'relative',
    '',
    '\\\\evil\\share',
    'file:///etc/passwd',
    'unix:/var/run/docker.sock:/info',
    '/a b',
    '/a\r\nHost: evil\r\n\r\nGET /b HTTP/1.1',
    '/a\0b',
    '/#fragment\n',
    '?only=query',
  ];
  for (const path of elsewhere) {
    test(`I10 ${JSON.stringify(path)} is no path, and refused before the target`, () =>
      assertRefused(requestFields(path.replace('DECOY', decoyHost))));
  }

  for (const path of [
    '//169.254.169.254/x',
    '/@evil/',
    '/\\evil',
    '/..//../etc/passwd',
    '/%2e%2e/x',
    '/http://evil/',
    '/?a=http://b',
  ]) {
    test(`I10 the path ${JSON.stringify(path)} is the target’s own, byte for byte`, async () => {
      const { status, body } = await next(requestFields(path));
      assert.deepEqual([status, (JSON.parse(body.toString()) as Echo).url], [200, path]);
      assert.equal(reached, 0);
    });
  }

  test('I10 no authority, host or forwarded header leads to another server', async () => {
    const headers: Fields = [
      ['host', decoyHost],
      ['x-forwarded-host', decoyHost],
      ['x-forwarded-port', decoyHost.split(':')[1] as string],
      ['forwarded', `host=${decoyHost}`],
      ['x-original-url', `http://${decoyHost}/`],
      ['x-http-method-override', 'CONNECT'],
    ];
    const { status, body } = await next(requestFields('/here', { ':authority': decoyHost }, headers));
    const { rawHeaders } = JSON.parse(body.toString()) as Echo;
    const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host');
    assert.deepEqual([status, hosts], [200, [new URL(target.url).host]]);
    await assertServes();
  });

  const pseudo: Readonly<Record<string, Fields>> = {
    'the scheme file': requestFields('/', { ':scheme': 'file' }),
    'the scheme of a script': requestFields('/', { ':scheme': 'javascript' }),
    'no scheme at all': [
      [':method', 'GET'],
      [':authority', 'x'],
      [':path', '/'],
    ],
    'CONNECT to an authority': [
      [':method', 'CONNECT'],
      [':authority', '127.0.0.1:22'],
    ],
    'CONNECT with a path': requestFields('/', { ':method': 'CONNECT' }),
    'CONNECT for another protocol': requestFields('/', { ':method': 'CONNECT', ':protocol': 'connect-udp' }),
    'a method with a space': requestFields('/', { ':method': 'GET /x' }),
    'a method of two lines': requestFields('/', { ':method': 'GET\r\nX: y' }),
    'an empty method': requestFields('/', { ':method': '' }),
    'an authority of two lines': requestFields('/', { ':authority': 'x\r\nEvil: 1' }),
    'an authority with an account': requestFields('/', { ':authority': `x@${'127.0.0.1:22'}` }),
    'a header of two lines': requestFields('/', {}, [['x', 'a\r\nEvil: 1']]),
    Connection: requestFields('/', {}, [['connection', 'x-forwarded-email']]),
    'Transfer-Encoding': requestFields('/', {}, [['transfer-encoding', 'chunked']]),
    Upgrade: requestFields('/', {}, [['upgrade', 'h2c']]),
    'two lengths': requestFields('/', { ':method': 'POST' }, [
      ['content-length', '1'],
      ['content-length', '2'],
    ]),
    'a length without a body': requestFields('/', { ':method': 'POST' }, [['content-length', '5']]),
  };
  for (const [what, fields] of Object.entries(pseudo)) {
    test(`I10 a request with ${what} is refused before the target`, () => assertRefused(fields));
  }

  test('I1 three thousand requests that are given up at once cost nobody the link', async () => {
    for (let round = 0; round < 30; round++) {
      const storm: Buffer[] = [];
      for (let at = 0; at < 100; at++, stream += 2) {
        const head = block(requestFields('/hang', { ':method': 'POST' }));
        storm.push(frame(FRAME.headers, END_HEADERS, stream, head), frame(FRAME.reset, 0, stream, number32(8)));
      }
      link.write(...storm);
      await assertServes();
    }
  });

  test('I9 a link whose stream numbers run out is replaced without a loss', async () => {
    const almost = 0x6000_0001;
    const former = link;
    const held = ask(former, almost, requestFields('/held?key=ids'));
    link = await edge.link(); // the agent has dialled another
    stream = 1;
    await assertServes();
    await former.frame(FRAME.goaway, 0);
    await target.release('ids');
    assert.equal((await held).body.toString(), 'held');
    await former.closed;
  });

  test('I9 the edge’s own numbers say in time that they run out, and never come twice', () => {
    const table = new StreamTable('client');
    table.markUsed(0x5fff_ffff);
    assert.deepEqual([table.idsRunningLow, table.nextId()], [false, 0x6000_0001]);
    table.markUsed(0x6000_0001);
    assert.deepEqual([table.idsRunningLow, table.nextId()], [true, 0x6000_0003]);
    table.markUsed(0x7fff_fffd);
    assert.equal(table.nextId(), 0x7fff_ffff);
    table.markUsed(0x7fff_ffff);
    assert.equal(table.nextId(), undefined);
  });

  const nonsense: Readonly<Record<string, (edge: RawEdge) => void>> = {
    'a text message': ({ socket }) => socket.send('hello'),
    'a message above the limit': ({ socket }) => socket.send(Buffer.alloc(2_000_000)),
    'a message in too many fragments': ({ socket }) => {
      for (let sent = 0; sent < 2_000; sent++) socket.send(Buffer.alloc(1), { fin: false });
    },
    'what is no HTTP/2': (raw) => raw.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')),
    'a second preface': (raw) => raw.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
    'a flood of PING': (raw) => raw.write(Buffer.concat(Array(20_000).fill(frame(FRAME.ping, 0, 0, Buffer.alloc(8))))),
    'a flood of SETTINGS': (raw) => raw.write(Buffer.concat(Array(20_000).fill(frame(FRAME.settings, 0, 0)))),
    'a window past 2^31': (raw) => raw.send(FRAME.windowUpdate, 0, 0, number32(0x7fffffff)),
    'a push': (raw) => raw.send(FRAME.pushPromise, END_STREAM, 1, Buffer.alloc(4)),
    'stream numbers that go back': (raw) => {
      raw.headers(9, END_STREAM, requestFields('/nine'));
      raw.headers(3, END_STREAM, requestFields('/three'));
    },
    'header blocks without end': (raw) => {
      raw.send(FRAME.headers, 0, 11, Buffer.alloc(10));
      for (let at = 0; at < 2_000; at++) raw.send(FRAME.continuation, 0, 11, Buffer.alloc(1_000));
    },
    'an error': (raw) => raw.send(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(2)])),
    'nothing and hangs up': ({ socket }) => socket.terminate(),
  };
  for (const [what, say] of Object.entries(nonsense)) {
    test(`I16 an edge that says ${what} loses the link, and the agent dials anew`, async () => {
      say(link);
      await link.closed;
      link = await edge.link();
      stream = 1;
      await assertServes();
    });
  }

  test('I16 after all of that the agent still runs, without a stack on standard error', () => {
    assert.equal(agent.stderr, '');
    assert.ok(agent.records().every(({ event }) => event !== 'refused'));
  });
});
