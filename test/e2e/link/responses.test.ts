/**
 * What a hostile agent may answer to a request. The visitor of that one request gets 502 or a broken answer,
 * never a forged, split or short one that looks whole; the edge goes on, and other tunnels notice nothing.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { HostileTunnel } from '../../support/hostile-tunnel.js';
import { inWorld } from '../../support/in-world.js';
import {
  block,
  END_HEADERS,
  END_STREAM,
  type Fields,
  FRAME,
  frame,
  number32,
  type RawAgent,
} from '../../support/raw-peer.js';
import { rawExchange, type VisitorResponse } from '../../support/visitor.js';

type Reply = (agent: RawAgent, stream: number) => void;

const OK: Fields = [[':status', '200']];
const CODES = new Set(['ERR_LINK_LOST', 'ERR_TARGET_PROTOCOL', 'ERR_TARGET_REFUSED']);

describe('an answer of a hostile agent', () => {
  const { world, visitor: canary } = inWorld({ as: 'ana', edgeEnv: { NODE_OPTIONS: '--unhandled-rejections=strict' } });
  let hostile: HostileTunnel;

  before(async () => {
    hostile = await HostileTunnel.open(world);
  });
  afterEach(async () => assert.equal((await canary.fetch(`${world.url}/canary`)).status, 200));
  after(async () => {
    hostile?.close();
    assert.equal(world.edge.stderr, '');
  });

  /** Asks, lets the agent answer, and gives what the visitor has of it; undefined for an answer that broke. */
  async function ask(reply: Reply): Promise<VisitorResponse | undefined> {
    const agent = await hostile.connect();
    const asked = hostile.visitor.fetch(`${hostile.url}/asked`).catch(() => undefined);
    await agent.frame(FRAME.headers, 1);
    reply(agent, 1);
    return asked;
  }

  async function assertFails(reply: Reply): Promise<void> {
    assertRefused(await ask(reply));
  }

  function assertRefused(response: VisitorResponse | undefined): void {
    if (response === undefined) return;
    const code = String(response.headers['postern-error']);
    assert.deepEqual([response.status, CODES.has(code)], [502, true], `${response.status} ${code}: ${response.text}`);
  }

  const statuses = [
    '000',
    '099',
    '99',
    '101',
    '600',
    '999',
    '1000',
    '2000',
    '20',
    '',
    'abc',
    '2x0',
    '-1',
    '+200',
    ' 200',
  ];
  for (const status of statuses) {
    test(`I8 an answer with the status ${JSON.stringify(status)} is 502`, () =>
      assertFails((agent, stream) => agent.headers(stream, END_STREAM, [[':status', status]])));
  }

  const malformed: Readonly<Record<string, Fields>> = {
    'no status': [['x', 'y']],
    'two statuses': [...OK, [':status', '404']],
    'a status behind a field': [['x', 'y'], ...OK],
    'a pseudo-field of a request': [...OK, [':path', '/']],
    'an unknown pseudo-field': [...OK, [':evil', '1']],
    'a name in capitals': [...OK, ['X-Y', 'z']],
    Connection: [...OK, ['connection', 'close']],
    'Transfer-Encoding': [...OK, ['transfer-encoding', 'chunked']],
    'two lengths': [...OK, ['content-length', '1'], ['content-length', '2']],
    'a length that is none': [...OK, ['content-length', '+5']],
  };
  for (const [what, fields] of Object.entries(malformed)) {
    test(`I8 an answer with ${what} is 502`, () =>
      assertFails((agent, stream) => agent.headers(stream, END_STREAM, fields)));
  }

  const splitting: readonly (readonly [string, string])[] = [
    ['x-bad', 'a\r\nset-cookie: b'],
    ['x-bad', 'a\nb'],
    ['x-bad', 'a\rb'],
    ['x-bad', 'a\0b'],
    ['x-bad', 'a\x7fb'],
    ['', 'y'],
    ['x\r\nset-cookie', 'a'],
    ['x y', 'z'],
    ['x:y', 'z'],
  ];
  for (const field of splitting) {
    test(`I8 an answer with the field ${JSON.stringify(field)} is 502 or comes without it`, async () => {
      const response = await ask((agent, stream) => agent.headers(stream, END_STREAM, [...OK, field, ['x-good', 'y']]));
      if (response?.status !== 200) return assertRefused(response);
      const { 'x-good': good, 'x-bad': bad, 'set-cookie': cookies } = response.headers;
      assert.deepEqual({ good, bad, cookies }, { good: 'y', bad: undefined, cookies: undefined });
    });
  }

  const bodies: Readonly<Record<string, Reply>> = {
    'shorter than announced': (agent, stream) => agent.send(FRAME.data, END_STREAM, stream, Buffer.from('short')),
    'longer than announced': (agent, stream) => agent.send(FRAME.data, END_STREAM, stream, Buffer.alloc(11)),
    'reset without an error in its middle': (agent, stream) => {
      agent.send(FRAME.data, 0, stream, Buffer.from('short'));
      agent.send(FRAME.reset, 0, stream, number32(0));
    },
    'cancelled in its middle': (agent, stream) => {
      agent.send(FRAME.data, 0, stream, Buffer.from('short'));
      agent.send(FRAME.reset, 0, stream, number32(8));
    },
    'ended by a head with a status': (agent, stream) => {
      agent.send(FRAME.data, 0, stream, Buffer.from('01234'));
      agent.headers(stream, END_STREAM, OK);
    },
    'cut by the end of the link': (agent, stream) => {
      agent.send(FRAME.data, 0, stream, Buffer.from('short'));
      agent.socket.close(1000);
    },
    'cut by a polite GOAWAY that gives it up': (agent, stream) => {
      agent.send(FRAME.data, 0, stream, Buffer.from('short'));
      agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(0)]));
      agent.socket.close(1000);
    },
  };
  for (const [what, reply] of Object.entries(bodies)) {
    for (const announced of [true, false]) {
      if (!announced && what.endsWith('announced')) continue;
      test(`I8 a body that is ${what} breaks, ${announced ? 'with' : 'without'} its length`, async () => {
        const response = await ask((agent, stream) => {
          agent.headers(stream, 0, announced ? [...OK, ['content-length', '10']] : OK);
          reply(agent, stream);
        });
        assertRefused(response);
      });
    }
  }

  for (const [what, status, method] of [
    ['204', '204', 'GET'],
    ['304', '304', 'GET'],
    ['HEAD', '200', 'HEAD'],
  ] as const) {
    test(`I8 a body behind ${what} never becomes the next answer on the connection`, async () => {
      const agent = await hostile.connect();
      const cookie = hostile.visitor.jar.header(new URL(hostile.url));
      const lines = [`Host: ${new URL(hostile.url).host}`, `Cookie: ${cookie}`, '', ''];
      const pipelined =
        [`${method} /asked HTTP/1.1`, ...lines].join('\r\n') + ['GET /next HTTP/1.1', ...lines].join('\r\n');
      // Either the connection ends behind the answer, or the next answer on it is the next answer.
      const exchange = rawExchange(world.port, pipelined, 'X-Next: 1');
      await agent.frame(FRAME.headers, 1);
      agent.headers(1, 0, [[':status', status]]);
      agent.send(FRAME.data, END_STREAM, 1, Buffer.from('HTTP/1.1 200 OK\r\nX-Evil: 1\r\n\r\n'));
      void agent
        .frame(FRAME.headers, 3)
        .then(() => agent.headers(3, END_STREAM, [...OK, ['x-next', '1']]))
        .catch(() => {}); // there is none when the connection ended
      const received = await exchange;
      assert.doesNotMatch(received, /x-evil/i);
    });
  }

  for (const [what, trailers] of [
    ['a status', [[':status', '200']]],
    ['a path', [[':path', '/']]],
    ['a line end', [['x', 'a\r\nset-cookie: b=c']]],
    ['capitals', [['X-Y', 'z']]],
  ] as const) {
    test(`I8 trailers with ${what} break the answer`, async () => {
      assertRefused(
        await ask((agent, stream) => {
          agent.headers(stream, 0, OK);
          agent.send(FRAME.data, 0, stream, Buffer.from('all of it'));
          agent.headers(stream, END_STREAM, trailers);
        }),
      );
    });
  }

  test('I8 more early heads than a target has a use for are 502', () =>
    assertFails((agent, stream) => {
      for (let at = 0; at < 100_000 / 100; at++)
        agent.headers(stream, 0, [
          [':status', '103'],
          ['link', '</a>'],
        ]);
      agent.headers(stream, END_STREAM, OK);
    }));

  test('I8 an answer that was never asked for ends the link and nothing else', async () => {
    const agent = await hostile.connect();
    agent.headers(1, END_STREAM, OK);
    agent.send(FRAME.data, END_STREAM, 3, Buffer.from('x'));
    await agent.closed;
  });

  test('I8 a second head on one stream is never a second answer', async () => {
    assertRefused(
      await ask((agent, stream) => {
        agent.headers(stream, 0, [...OK, ['x', 'first']]);
        agent.headers(stream, 0, [
          [':status', '404'],
          ['x', 'second'],
        ]);
      }),
    );
  });

  const large: Readonly<Record<string, Fields>> = {
    'two hundred kilobytes of fields': Array.from({ length: 200 }, (_, at) => [`x${at}`, 'v'.repeat(1_000)]),
    'one field of a megabyte': [['x', 'v'.repeat(1_000_000)]],
    'three thousand fields': Array.from({ length: 3_000 }, (_, at) => [`x${at}`, '']),
  };
  for (const [what, fields] of Object.entries(large)) {
    test(`I3 an answer with ${what} is 502`, () =>
      assertFails((agent, stream) => inParts(agent, stream, block([...OK, ...fields]))));
  }

  test('I3 an answer whose fields never end is 502', () =>
    assertFails((agent, stream) => {
      agent.send(FRAME.headers, 0, stream, block(OK));
      const more = frame(FRAME.continuation, 0, stream, block([['x', 'v'.repeat(1_000)]]));
      for (let at = 0; at < 2_000; at++) agent.write(more);
    }));

  test('I3 fields that unpack to hundreds of times their size are 502', () =>
    assertFails((agent, stream) => {
      // One field of 4,000 bytes goes into the table (RFC 7541 section 6.2.1); each byte after it is that field again.
      const value = Buffer.alloc(4_000, 'v');
      const [, ...literal] = block([['x', value.toString()]]);
      inParts(
        agent,
        stream,
        Buffer.concat([block(OK), Buffer.from([0x40, ...literal]), Buffer.alloc(12_000, 0x80 | 62)]),
      );
    }));

  for (const [what, bytes] of [
    ['an index that there is not', Buffer.from([0xff, 0xff, 0x7f])],
    ['an integer without end', Buffer.alloc(64, 0xff)],
    ['a text longer than its block', Buffer.from([0, 0x7f, 0xff, 0x7f])],
    ['a table larger than agreed', Buffer.from([0x3f, 0xff, 0xff, 0x7f])],
  ] as const) {
    test(`I3 a header block with ${what} ends the link with 502`, () =>
      assertFails((agent, stream) => agent.send(FRAME.headers, END_HEADERS | END_STREAM, stream, bytes)));
  }
});

/** Sends a header block in as many frames as it needs. */
function inParts(agent: RawAgent, stream: number, bytes: Buffer): void {
  const most = 16_000;
  agent.send(FRAME.headers, bytes.length <= most ? END_HEADERS : 0, stream, bytes.subarray(0, most));
  for (let at = most; at < bytes.length; at += most) {
    agent.send(FRAME.continuation, at + most >= bytes.length ? END_HEADERS : 0, stream, bytes.subarray(at, at + most));
  }
}
