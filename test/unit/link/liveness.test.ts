/** What counts as life and what as silence on a link, and what messages cost their sender. The test sets the clock. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import { Liveness, type LivenessOptions } from '../../../src/link/liveness.js';
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

/** What judges a peer, on a clock that advances only by `pass`. The peer says only what the test says. */
function watch(t: TestContext, of: LivenessOptions['of']) {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const state = { isUsed: false, isDead: false, pings: 0, acknowledge: () => {} };
  const liveness = new Liveness({
    of,
    isUsed: () => state.isUsed,
    ping: () => {
      state.pings += 1;
      return new Promise((resolve) => {
        state.acknowledge = () => {
          state.acknowledge = () => {};
          liveness.received();
          resolve(1);
        };
      });
    },
    measured: () => {},
    dead: () => {
      state.isDead = true;
    },
  });
  t.after(() => liveness.end());
  /** Time passes: the clock advances by `ms`, and then timers by `tickMs`. */
  const pass = async (ms: number, tickMs = ms) => {
    nowMs += ms;
    t.mock.timers.tick(tickMs);
    await turn();
  };
  /** The peer is alive, and acknowledges each PING before the next tick. */
  const passAlive = async (ticks: number) => {
    for (let tick = 0; tick < ticks; tick++) {
      await pass(TICK_MS);
      state.acknowledge();
      await turn();
    }
  };
  /** How long it takes from now until the peer is taken for dead, with the first tick after `firstMs`. */
  const silence = async (firstMs = TICK_MS) => {
    let silentMs = firstMs;
    for (await pass(firstMs); !state.isDead; silentMs += TICK_MS) await pass(TICK_MS);
    return silentMs;
  };
  return { liveness, state, pass, passAlive, silence };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a silent peer', () => {
  for (const of of ['edge', 'agent', 'node'] as const) {
    for (const sinceTickMs of [0, 999, 1_000, 1_001, 3_999, 4_001, 4_999]) {
      test(`ends within fifteen seconds, as the ${of} sees it, a link on which requests run: its last byte came ${sinceTickMs} ms after a tick`, async (t) => {
        const { liveness, state, pass, passAlive, silence } = watch(t, of);
        state.isUsed = true;
        await passAlive(3);
        await pass(sinceTickMs);
        liveness.received();
        const silentMs = await silence(TICK_MS - sinceTickMs);
        assert.ok(silentMs <= 15_000, `after ${silentMs} ms`);
      });
    }
  }

  for (const of of ['edge', 'agent'] as const) {
    test(`ends an idle link within forty seconds, as the ${of} sees it, and is asked once in them`, async (t) => {
      const { state, passAlive, silence } = watch(t, of);
      await passAlive(3);
      const { pings } = state;
      const silentMs = await silence();
      assert.ok(silentMs <= 40_000, `after ${silentMs} ms`);
      assert.equal(state.pings, pings + 1);
    });
  }

  test('ends within fifteen seconds of a request a link that was idle', async (t) => {
    const { state, passAlive, pass, silence } = watch(t, 'edge');
    await passAlive(1);
    await pass(TICK_MS);
    state.isUsed = true;
    const waitedMs = await silence();
    assert.ok(waitedMs <= 15_000, `after ${waitedMs} ms`);
  });

  test('is given the time in which this process was suspended, and no more', async (t) => {
    const { state, pass, silence } = watch(t, 'edge');
    await pass(TICK_MS);
    await pass(HOUR_MS, TICK_MS);
    assert.equal(state.isDead, false, 'what came meanwhile has not been read yet');
    assert.ok((await silence()) <= 15_000);
  });

  test('is suspended for longer than the peer was silent, and counts no silence twice', async (t) => {
    const { liveness, state, pass } = watch(t, 'edge');
    for (let round = 0; round < 5; round++) {
      await pass(HOUR_MS, TICK_MS);
      assert.equal(state.isDead, false, `round ${round}`);
      liveness.received();
    }
    await pass(TICK_MS);
    await pass(TICK_MS);
    assert.equal(state.isDead, true);
  });
});

describe('PING', () => {
  test('is sent by the edge every twenty seconds while nothing runs, and by the agent once', async (t) => {
    for (const [of, expected] of [
      ['edge', 600 / 20],
      ['agent', 1],
    ] as const) {
      await t.test(of, async (one) => {
        const { liveness, state, passAlive } = watch(one, of);
        for (let ticks = 0; ticks < 600_000 / TICK_MS; ticks += 4) {
          await passAlive(4);
          liveness.received(); // the PING of the other end
        }
        assert.equal(state.pings, expected);
      });
    }
  });

  test('is sent every five seconds by both while requests run', async (t) => {
    const { state, passAlive } = watch(t, 'agent');
    state.isUsed = true;
    await passAlive(12);
    assert.equal(state.pings, 12);
  });

  test('is sent by an agent that hears nothing of its edge', async (t) => {
    const { state, passAlive } = watch(t, 'agent');
    await passAlive(6);
    assert.equal(state.pings, 2);
  });

  test('is sent at once when this process wakes', async (t) => {
    const { liveness, state, pass, passAlive } = watch(t, 'agent');
    await passAlive(1);
    await pass(HOUR_MS, TICK_MS);
    assert.equal(state.pings, 2);
    liveness.received();
  });

  test('is sent at once when the machine wakes, though the clock stood still meanwhile', async (t) => {
    let dateMs = HOUR_MS;
    t.mock.method(Date, 'now', () => dateMs);
    const { state, pass, passAlive } = watch(t, 'agent');
    await passAlive(1);
    dateMs += HOUR_MS;
    await passAlive(1);
    assert.equal(state.pings, 2);
    dateMs -= HOUR_MS; // somebody has set the clock
    await pass(TICK_MS);
    assert.deepEqual([state.pings, state.isDead], [2, false]);
  });
});

test('a link on which requests run ends when its peer is silent, and they fail', async (t) => {
  const { edge, pass } = await openStill(t);
  const asked = new Asked(edge);
  for (let ticks = 0; ticks < 3; ticks++) await pass(TICK_MS);
  assert.equal((await edge.closed)?.code, 'ERR_LINK_LOST');
  assert.equal((await asked.failure).code, 'ERR_LINK_LOST');
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
