/** What an agent may do to an edge: fail its own requests, or lose its link. Nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { PosternError } from '../../../src/errors.js';
import { deferred } from '../../support/deferred.js';
import { Asked, openBare } from './pair.js';
import { ACK, block, END_HEADERS, END_STREAM, FRAME, frame, number32, RawAgent } from './raw-agent.js';

type Fields = readonly (readonly [string, string])[];

const OK: Fields = [[':status', '200']];
const CODES = new Set(['ERR_LINK_LOST', 'ERR_TARGET_PROTOCOL']);
const SETTING = { mostStreams: 3, windowBytes: 4 } as const;

async function open(t: TestContext, settings: Readonly<Record<number, number>> = {}) {
  const agents: RawAgent[] = [];
  const { edge } = await openBare(t, (socket) => agents.push(new RawAgent(socket, settings)));
  return { edge, agent: agents[0] as RawAgent };
}

/** Asks, lets the agent answer, and asserts that the edge hears no whole answer. */
async function assertFails(t: TestContext, answer: (agent: RawAgent, stream: number) => void) {
  const { edge, agent } = await open(t);
  const asked = new Asked(edge);
  await agent.frame(FRAME.headers, 1);
  answer(agent, 1);
  const ended = deferred<'whole'>();
  void asked.head.then(
    ({ endOfBody }) => {
      if (endOfBody) ended.resolve('whole');
      else asked.body.on('end', () => ended.resolve('whole')).resume();
    },
    () => {},
  );
  const outcome = await Promise.race([asked.failure, ended.promise]);
  assert.ok(outcome instanceof PosternError, 'the answer was taken for a whole one');
  assert.ok(CODES.has(outcome.code), outcome.code);
}

describe('an answer', () => {
  for (const status of [
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
  ]) {
    it(`with the status ${JSON.stringify(status)} fails`, async (t) => {
      await assertFails(t, (agent, stream) => agent.headers(stream, END_STREAM, [[':status', status]]));
    });
  }

  for (const [what, fields] of [
    ['no status', [['x', 'y']]],
    [
      'two statuses',
      [
        [':status', '200'],
        [':status', '404'],
      ],
    ],
    [
      'a status behind a field',
      [
        ['x', 'y'],
        [':status', '200'],
      ],
    ],
    [
      'a pseudo-field of a request',
      [
        [':status', '200'],
        [':path', '/'],
      ],
    ],
    [
      'a name in capitals',
      [
        [':status', '200'],
        ['X-Y', 'z'],
      ],
    ],
    [
      'Connection',
      [
        [':status', '200'],
        ['connection', 'close'],
      ],
    ],
    [
      'Transfer-Encoding',
      [
        [':status', '200'],
        ['transfer-encoding', 'chunked'],
      ],
    ],
    [
      'two lengths',
      [
        [':status', '200'],
        ['content-length', '1'],
        ['content-length', '2'],
      ],
    ],
    [
      'a length that is none',
      [
        [':status', '200'],
        ['content-length', '+5'],
      ],
    ],
  ] as readonly (readonly [string, Fields])[]) {
    it(`with ${what} fails`, async (t) => {
      await assertFails(t, (agent, stream) => agent.headers(stream, END_STREAM, fields));
    });
  }

  for (const [name, value] of [
    ['x-bad', 'a\r\nset-cookie: b'],
    ['x-bad', 'a\nb'],
    ['x-bad', 'a\0b'],
    ['x-bad', 'a\x7fb'],
    ['', 'y'],
    ['x\r\nset-cookie', 'a'],
    ['x y', 'z'],
  ] as const) {
    it(`with the field ${JSON.stringify([name, value])} fails or comes without it`, async (t) => {
      const { edge, agent } = await open(t);
      const asked = new Asked(edge);
      await agent.frame(FRAME.headers, 1);
      agent.headers(1, END_STREAM, [...OK, [name, value], ['x-good', 'y']]);
      const outcome = await Promise.race([asked.failure, asked.head.catch(() => asked.failure)]);
      if (!(outcome instanceof PosternError)) assert.deepEqual(outcome.headers, ['x-good', 'y']);
    });
  }

  for (const [what, fields] of [
    ['two hundred kilobytes of fields', Array.from({ length: 200 }, (_, at) => [`x${at}`, 'v'.repeat(1_000)] as const)],
    ['three thousand fields', Array.from({ length: 3_000 }, (_, at) => [`x${at}`, ''] as const)],
  ] as const) {
    it(`with ${what} fails`, async (t) => {
      await assertFails(t, (agent, stream) => {
        const bytes = block([...OK, ...fields]);
        agent.send(FRAME.headers, 0, stream, bytes.subarray(0, 16_000));
        for (let at = 16_000; at < bytes.length; at += 16_000) {
          const flags = at + 16_000 >= bytes.length ? END_HEADERS : 0;
          agent.send(FRAME.continuation, flags, stream, bytes.subarray(at, at + 16_000));
        }
      });
    });
  }

  it('whose fields never end fails', async (t) => {
    await assertFails(t, (agent, stream) => {
      agent.send(FRAME.headers, 0, stream, block(OK));
      const more = frame(FRAME.continuation, 0, stream, block([['x', 'v'.repeat(1_000)]]));
      for (let at = 0; at < 2_000; at++) agent.write(more);
    });
  });

  it('behind more early heads than a target has a use for fails', async (t) => {
    await assertFails(t, (agent, stream) => {
      for (let at = 0; at < 500; at++)
        agent.headers(stream, 0, [
          [':status', '103'],
          ['link', '</a>'],
        ]);
      agent.headers(stream, END_STREAM, OK);
    });
  });

  for (const [what, send] of [
    ['shorter than announced', (agent, stream) => agent.send(FRAME.data, END_STREAM, stream, Buffer.from('short'))],
    ['longer than announced', (agent, stream) => agent.send(FRAME.data, END_STREAM, stream, Buffer.alloc(11))],
    [
      'reset without an error in its middle',
      (agent, stream) => {
        agent.send(FRAME.data, 0, stream, Buffer.from('short'));
        agent.send(FRAME.reset, 0, stream, number32(0));
      },
    ],
    [
      'cancelled in its middle',
      (agent, stream) => {
        agent.send(FRAME.data, 0, stream, Buffer.from('short'));
        agent.send(FRAME.reset, 0, stream, number32(8));
      },
    ],
    [
      'ended by a head with a status',
      (agent, stream) => {
        agent.send(FRAME.data, 0, stream, Buffer.from('0123456789'));
        agent.headers(stream, END_STREAM, [[':status', '200']]);
      },
    ],
    [
      'cut by the end of the link',
      (agent, stream) => {
        agent.send(FRAME.data, 0, stream, Buffer.from('short'));
        agent.socket.close(1000);
      },
    ],
    [
      'cut by a polite GOAWAY that gives it up',
      (agent, stream) => {
        agent.send(FRAME.data, 0, stream, Buffer.from('short'));
        agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(0)]));
        agent.socket.close(1000);
      },
    ],
  ] as readonly (readonly [string, (agent: RawAgent, stream: number) => void])[]) {
    it(`with a body that is ${what} breaks`, async (t) => {
      await assertFails(t, (agent, stream) => {
        agent.headers(stream, 0, [...OK, ['content-length', '10']]);
        send(agent, stream);
      });
    });
  }

  it('that is reset without an error before its end breaks, also when no length was announced', async (t) => {
    await assertFails(t, (agent, stream) => {
      agent.headers(stream, 0, OK);
      agent.send(FRAME.data, 0, stream, Buffer.from('a part'));
      agent.send(FRAME.reset, 0, stream, number32(0));
    });
  });

  it('that was never asked for does no harm', async (t) => {
    const { edge, agent } = await open(t);
    agent.headers(1, END_STREAM, OK);
    agent.send(FRAME.data, END_STREAM, 3, Buffer.from('x'));
    await edge.closed;
  });

  it('twice on one stream is heard once', async (t) => {
    const { edge, agent } = await open(t);
    const asked = new Asked(edge);
    await agent.frame(FRAME.headers, 1);
    agent.headers(1, 0, [...OK, ['x', 'first']]);
    agent.headers(1, 0, [
      [':status', '404'],
      ['x', 'second'],
    ]);
    assert.deepEqual((await asked.head).headers, ['x', 'first']);
    await asked.failure;
  });
});

describe('a link from an agent', () => {
  it('that promises a push is ended', async (t) => {
    const { edge, agent } = await open(t);
    const asked = new Asked(edge);
    await agent.frame(FRAME.headers, 1);
    const promise = block([
      [':method', 'GET'],
      [':path', '/'],
      [':scheme', 'https'],
      [':authority', 'x'],
    ]);
    agent.send(FRAME.pushPromise, END_HEADERS, 1, Buffer.concat([number32(2), promise]));
    await asked.failure;
    await edge.closed;
  });

  for (const [what, bytes] of [
    ['text of another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0])],
    ['a frame larger than allowed', frame(FRAME.data, 0, 0, Buffer.alloc(20_000))],
    ['DATA on stream 0', frame(FRAME.data, 0, 0, Buffer.from('x'))],
    ['a window of more than 2^31', frame(FRAME.windowUpdate, 0, 0, number32(0x7fffffff))],
    ['a window update of nothing', frame(FRAME.windowUpdate, 0, 0, number32(0))],
    ['a GOAWAY with an error', frame(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(11)]))],
  ] as const) {
    it(`that sends ${what} is lost`, async (t) => {
      const { edge, agent } = await open(t);
      const asked = new Asked(edge);
      await agent.frame(FRAME.headers, 1);
      agent.write(bytes);
      assert.ok(CODES.has((await asked.failure).code));
      await edge.closed;
    });
  }

  for (const [what, bytes, count] of [
    ['SETTINGS', frame(FRAME.settings, 0, 0), 20_000],
    ['PING', frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 20_000],
    ['empty DATA', frame(FRAME.data, 0, 1), 20_000],
    ['unknown frames', frame(0xbb, 0, 0, Buffer.alloc(10)), 20_000],
  ] as const) {
    it(`that floods with ${what} is answered or ended, and others are not disturbed`, async (t) => {
      const flooded = await open(t);
      const other = await open(t);
      const asked = new Asked(flooded.edge);
      await flooded.agent.frame(FRAME.headers, 1);
      flooded.agent.headers(1, 0, OK);
      for (let at = 0; at < count; at += 1_000) flooded.agent.write(Buffer.concat(Array(1_000).fill(bytes)));
      const untouched = new Asked(other.edge);
      await other.agent.frame(FRAME.headers, 1);
      other.agent.headers(1, END_STREAM, OK);
      assert.equal((await untouched.head).status, 200);
      asked.stream.cancel();
    });
  }

  it('that opens no window holds an upload back, and cancelling ends it', async (t) => {
    const { edge, agent } = await open(t, { [SETTING.windowBytes]: 0 });
    await agent.frame(FRAME.settings, 0, ACK);
    const asked = new Asked(edge, { method: 'POST' }, { endOfBody: false });
    await agent.frame(FRAME.headers, 1);
    assert.equal(asked.body.write(Buffer.alloc(1_000_000)), false);
    asked.stream.cancel();
    await agent.frame(FRAME.reset, 1);
    assert.equal(agent.frames.filter(({ type }) => type === FRAME.data).length, 0);
  });

  it('that permits no stream is busy', async (t) => {
    const { edge, agent } = await open(t, { [SETTING.mostStreams]: 0 });
    await agent.frame(FRAME.settings, 0, ACK);
    await edge.ping().catch(() => {});
    assert.throws(() => new Asked(edge), { code: 'ERR_TUNNEL_BUSY' });
    assert.equal(edge.running, 0);
  });

  it('that goes away politely finishes what runs and takes nothing new', async (t) => {
    const { edge, agent } = await open(t);
    const asked = new Asked(edge);
    await agent.frame(FRAME.headers, 1);
    agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(1), number32(0)]));
    await once(edge.draining, 'abort');
    agent.headers(1, 0, OK);
    agent.send(FRAME.data, END_STREAM, 1, Buffer.from('finished'));
    assert.equal(await asked.text(), 'finished');
    assert.equal(await edge.closed, undefined);
  });

  it('that sends a text message is closed with 1003', async (t) => {
    const { edge, socket } = await openBare(t);
    socket.send('{"hello":"edge"}');
    const [code] = (await once(socket, 'close')) as [number];
    assert.equal(code, 1003);
    assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
  });

  it('that sends a message larger than any is closed with 1009', async (t) => {
    const { edge, socket } = await openBare(t);
    socket.send(Buffer.alloc(2_000_000));
    const [code] = (await once(socket, 'close')) as [number];
    assert.equal(code, 1009);
    assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
  });

  it('may cut its bytes into messages anywhere', async (t) => {
    const { edge, agent } = await open(t);
    const asked = new Asked(edge);
    await agent.frame(FRAME.headers, 1);
    const answer = Buffer.concat([
      frame(FRAME.headers, END_HEADERS, 1, block([...OK, ['x', 'y']])),
      frame(FRAME.data, END_STREAM, 1, Buffer.from('byte by byte')),
    ]);
    for (const byte of answer) agent.write(Buffer.from([byte]));
    assert.deepEqual((await asked.head).headers, ['x', 'y']);
    assert.equal(await asked.text(), 'byte by byte');
  });
});
