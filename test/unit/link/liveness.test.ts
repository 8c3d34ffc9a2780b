/** What counts as life and what as silence on a link, and what messages cost their sender. The test sets the clock. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import type { OutboundLink } from '../../../src/link/outbound-link.js';
import { FRAME, frame, number32, RawAgent } from '../../support/raw-peer.js';
import { Asked, openBare } from './pair.js';

const TICK_MS = 5_000;
const ENHANCE_YOUR_CALM = 11;
// Longer than any test waits for a message, however slow the machine.
const HOUR_MS = 3_600_000;
const UPDATE = frame(FRAME.windowUpdate, 0, 0, number32(1));

/** A link whose clock advances only by `pass`, and whose peer sends only what the test sends. */
async function openStill(t: TestContext) {
  let nowMs = performance.now();
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { edge, socket } = await openBare(t);
  let isClosed = false;
  void edge.closed.then(() => {
    isClosed = true;
  });
  /** Time passes: the clock advances by `ms`, and then timers by `tickMs`. */
  const pass = async (ms: number, tickMs = ms) => {
    nowMs += ms;
    t.mock.timers.tick(tickMs);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const heard = async (bytes: Buffer) => {
    const before = edge.receivedBytes;
    socket.send(bytes);
    while (edge.receivedBytes === before) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { edge, socket, pass, heard, isClosed: () => isClosed };
}

describe('a link with a silent peer', () => {
  test('ends at the first tick after nine seconds', async (t) => {
    const { edge, pass, isClosed } = await openStill(t);
    await pass(TICK_MS);
    assert.equal(isClosed(), false);
    await pass(TICK_MS);
    assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
  });

  for (const sinceTickMs of [0, 999, 1_000, 1_001, 3_999, 4_001, 4_999]) {
    test(`ends within fifteen seconds of the last byte, which came ${sinceTickMs} ms after a tick`, async (t) => {
      const { edge, pass, heard, isClosed } = await openStill(t);
      await pass(sinceTickMs);
      await heard(frame(FRAME.settings, 0, 0));
      let silentMs = TICK_MS - sinceTickMs;
      for (await pass(silentMs); !isClosed(); silentMs += TICK_MS) await pass(TICK_MS);
      assert.ok(silentMs <= 15_000, `after ${silentMs} ms`);
      assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
    });
  }

  test('does not count the time in which this process was suspended as silence, but counts what follows', async (t) => {
    const { edge, pass, isClosed } = await openStill(t);
    await pass(HOUR_MS, TICK_MS);
    assert.equal(isClosed(), false, 'what came meanwhile has not been read yet');
    await pass(TICK_MS);
    assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
  });

  test('is suspended for longer than the peer was silent, and counts no silence twice', async (t) => {
    const { edge, pass, heard, isClosed } = await openStill(t);
    await heard(frame(FRAME.settings, 0, 0));
    for (let round = 0; round < 5; round++) {
      await pass(HOUR_MS, TICK_MS);
      assert.equal(isClosed(), false, `round ${round}`);
      await heard(UPDATE);
    }
    await pass(TICK_MS);
    await pass(TICK_MS);
    await edge.closed;
  });
});

test('a link whose peer sends but never acknowledges a PING ends after a minute', async (t) => {
  const { edge, pass, heard, isClosed } = await openStill(t);
  await heard(frame(FRAME.settings, 0, 0));
  // The first PING is sent at the first look.
  for (let ms = TICK_MS; ms <= TICK_MS + 60_000; ms += TICK_MS) {
    await pass(TICK_MS);
    assert.equal(isClosed(), false, `after ${ms} ms`);
    await heard(UPDATE);
  }
  await pass(TICK_MS);
  assert.ok(isClosed(), 'though it has just said something');
  assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
});

describe('a message that carries no frame', () => {
  const floods: Readonly<Record<string, (agent: RawAgent, turn: number) => void>> = {
    'empty messages': ({ socket }) => socket.send(Buffer.alloc(0)),
    'messages of one byte': ({ socket }, turn) => socket.send(UPDATE.subarray(turn % 13, (turn % 13) + 1)),
    pongs: ({ socket }) => socket.pong(),
  };
  for (const [what, say] of Object.entries(floods)) {
    test(`costs its sender: ${what} without end`, async (t) => {
      const { edge, agent } = await openRaw(t);
      for (let sent = 0; sent < 3_000; sent++) say(agent, sent);
      assert.equal((await agent.frame(FRAME.goaway, 0)).payload.readUInt32BE(4), ENHANCE_YOUR_CALM);
      assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
    });
  }

  test('costs its sender: endless pings, though each waits for its pong', async (t) => {
    const { edge, agent } = await openRaw(t);
    let isOver = false;
    const closed = edge.closed.then((error) => {
      isOver = true;
      return error;
    });
    for (let sent = 0; sent < 3_000 && !isOver; sent++) {
      agent.socket.ping();
      await Promise.race([once(agent.socket, 'pong'), closed]);
    }
    assert.ok(isOver);
    assert.equal((await agent.frame(FRAME.goaway, 0)).payload.readUInt32BE(4), ENHANCE_YOUR_CALM);
  });

  test('is permitted where frames are sent in two parts', async (t) => {
    const { edge, agent } = await openRaw(t);
    for (let round = 0; round < 20; round++) {
      const asked = new Asked(edge, { path: `/${round}` });
      const stream = 2 * round + 1;
      await agent.frame(FRAME.headers, stream);
      agent.headers(stream, 0, [[':status', '200']]);
      for (let at = 0; at < 100; at++) {
        const whole = frame(FRAME.data, 0, stream, Buffer.from('hello'));
        agent.socket.send(whole.subarray(0, 9));
        agent.socket.send(whole.subarray(9));
      }
      agent.send(FRAME.data, 1, stream);
      assert.equal(await asked.text(), 'hello'.repeat(100));
    }
  });
});

test('no secret of a request is indexed, here or by intermediaries', async (t) => {
  const { edge, agent } = await openRaw(t);
  const secrets = ['authorization', 'cookie', 'set-cookie', 'x-postern-assertion'];
  const headers = ['accept', '*/*', ...secrets.flatMap((name) => [name, 'a-secret-of-some-length'])];
  const decoder = new HpackDecoder({ tableSizeBytes: 4_096, maxListBytes: 10_000, maxFields: 100 });
  for (const stream of [1, 3, 5]) {
    new Asked(edge, { headers });
    const neverIndexed = new Set<string>();
    const fields = decoder.decode((await agent.frame(FRAME.headers, stream)).payload, neverIndexed);
    assert.deepEqual(fields.slice(-headers.length), headers);
    assert.deepEqual([...neverIndexed].sort(), secrets);
    for (let age = 0; decoder.table.get(age) !== undefined; age++) {
      assert.ok(!secrets.includes(decoder.table.get(age)?.name ?? ''));
    }
  }
});

async function openRaw(t: TestContext): Promise<{ readonly edge: OutboundLink; readonly agent: RawAgent }> {
  let agent: RawAgent | undefined;
  const { edge } = await openBare(t, (socket) => {
    agent = new RawAgent(socket);
  });
  if (agent === undefined) throw new Error('no agent was attached');
  return { edge, agent };
}
