import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Verdict } from '../../../../src/edge/gate/gate.js';
import { type LongLivedRequest, Revalidator } from '../../../../src/edge/gate/revalidation.js';

type Refusal = Extract<Verdict, { kind: 'refuse' }>;

const refused = (code: Refusal['code']): Refusal => ({
  kind: 'refuse',
  code,
  session: undefined,
  reason: 'for a test',
});

/** A socket on which nothing waits. */
const idle = { writableLength: 0, bytesWritten: 0 };

function watching(t: TestContext, judge: () => Promise<Verdict>) {
  const watch = new Revalidator();
  t.after(() => watch.close());
  const ends: string[] = [];
  const watched = { outlet: idle, judge, endSession: () => void ends.push('ended'), cut: () => void ends.push('cut') };
  watch.add(watched);
  return { watch, ends, forget: () => watch.forget(watched) };
}

describe('the revalidation of open requests', () => {
  for (const code of ['ERR_LOGIN_REQUIRED', 'ERR_ACCESS_DENIED'] as const) {
    it(`ends a request that the gate would refuse with ${code}`, async (t) => {
      const { watch, ends } = watching(t, async () => refused(code));
      await watch.review();
      assert.deepEqual(ends, ['ended']);
    });
  }

  it('leaves a request whose tunnel is only offline', async (t) => {
    const { watch, ends } = watching(t, async () => refused('ERR_TUNNEL_OFFLINE'));
    await watch.review();
    assert.deepEqual(ends, []);
  });

  it('ends a request for which the gate fails, and still checks the others', async (t) => {
    const { watch, ends } = watching(t, () => Promise.reject(new Error('no store')));
    const judge = async () => refused('ERR_ACCESS_DENIED');
    watch.add({ outlet: idle, judge, endSession: () => void ends.push('other'), cut: () => {} });
    await watch.review();
    assert.deepEqual(ends.sort(), ['ended', 'other']);
  });

  it('judges once for all changes of one turn of the event loop, before the next turn, and again for a later change', async (t) => {
    let judged = 0;
    const { watch, ends } = watching(t, async () => {
      judged += 1;
      return refused('ERR_TUNNEL_OFFLINE');
    });
    const reviews = Array.from({ length: 100 }, () => watch.review());
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(judged, 1);
    await Promise.all(reviews);
    assert.equal(judged, 1);
    await watch.review();
    assert.deepEqual([judged, ends], [2, []]);
  });

  it('judges again for a change that comes while it judges', async (t) => {
    let isAdmitted = true;
    let later: Promise<void> | undefined;
    const { watch, ends } = watching(t, async () => {
      const verdict = isAdmitted ? refused('ERR_TUNNEL_OFFLINE') : refused('ERR_ACCESS_DENIED');
      isAdmitted = false;
      later ??= watch.review();
      return verdict;
    });
    await watch.review();
    await later;
    assert.deepEqual(ends, ['ended']);
  });

  it('runs by itself, within ten seconds of the cause', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { ends } = watching(t, async () => refused('ERR_LOGIN_REQUIRED'));
    t.mock.timers.tick(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ends, ['ended']);
  });

  it('forgets a request that has ended by itself', async (t) => {
    const { watch, ends, forget } = watching(t, async () => refused('ERR_ACCESS_DENIED'));
    forget();
    await watch.review();
    assert.deepEqual(ends, []);
  });

  it('still has all others when some end in any order', async (t) => {
    const { watch, ends, forget } = watching(t, async () => refused('ERR_ACCESS_DENIED'));
    const others = ['a', 'b', 'c', 'd'].map((name) => ({
      outlet: idle,
      judge: async () => refused('ERR_ACCESS_DENIED'),
      endSession: () => void ends.push(name),
      cut: () => {},
    }));
    for (const other of others) watch.add(other);
    const [a, , , d] = others as [LongLivedRequest, LongLivedRequest, LongLivedRequest, LongLivedRequest];
    assert.deepEqual([watch.forget(d), watch.forget(a), watch.forget(a)], [true, true, false]);
    forget();
    await watch.review();
    assert.deepEqual(ends.sort(), ['b', 'c']);
  });

  it('stops when it is closed', async (t) => {
    const { watch, ends, forget } = watching(t, async () => refused('ERR_ACCESS_DENIED'));
    watch.close();
    await watch.review();
    forget(); // as a request does when it ends
    assert.deepEqual(ends, []);
  });

  it('runs every five seconds', async (t) => {
    const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.enable({ apis: ['setInterval'] });
    let asked = 0;
    watching(t, async () => {
      asked += 1;
      return refused('ERR_TUNNEL_OFFLINE');
    });
    t.mock.timers.tick(4_999);
    await endOfTurn();
    assert.equal(asked, 0);
    t.mock.timers.tick(1);
    await endOfTurn();
    assert.equal(asked, 1);
    t.mock.timers.tick(5_000);
    await endOfTurn();
    assert.equal(asked, 2);
  });
});

describe('the check for visitors who do not read', () => {
  const MINUTE_MS = 60_000;

  /** A visitor who reads so many bytes between two checks, one a minute, with so many waiting. */
  function reading(t: TestContext, { perMinute, waiting }: { perMinute: number; waiting: number }) {
    const watch = new Revalidator();
    t.after(() => watch.close());
    const outlet = { writableLength: waiting, bytesWritten: waiting };
    let cuts = 0;
    watch.add({ outlet, judge: () => refused('ERR_TUNNEL_OFFLINE'), endSession: () => {}, cut: () => void cuts++ });
    let nowMs = 1_000;
    return (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        watch.cutStalled(nowMs);
        nowMs += MINUTE_MS;
        outlet.bytesWritten += perMinute;
      }
      return cuts;
    };
  }

  it('cuts one who has taken nothing for ten minutes, once', (t) => {
    const pass = reading(t, { perMinute: 0, waiting: 131_072 });
    assert.equal(pass(10), 0);
    assert.equal(pass(1), 1);
    assert.equal(pass(100), 1);
  });

  it('cuts one who takes a byte now and then', (t) => {
    assert.equal(reading(t, { perMinute: 1_000, waiting: 131_072 })(11), 1);
  });

  it('leaves one who reads slowly', (t) => {
    assert.equal(reading(t, { perMinute: 10_000, waiting: 131_072 })(1_000), 0);
  });

  it('lets one alone for whom nothing waits, as in a silent event stream', (t) => {
    assert.equal(reading(t, { perMinute: 0, waiting: 0 })(10_000), 0);
  });

  it('runs once a minute', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { watch } = watching(t, async () => refused('ERR_TUNNEL_OFFLINE'));
    const look = t.mock.method(watch, 'cutStalled');
    t.mock.timers.tick(3 * MINUTE_MS);
    assert.equal(look.mock.callCount(), 3);
  });
});

describe('the check for uploads that are not read', () => {
  const LIMIT_MS = 60_000;
  const HOUR_MS = 3_600_000;

  /** An app that reads so many bytes between two checks, one in ten seconds, with so many waiting. */
  function taking(
    t: TestContext,
    taken: { perLook: number; waiting: number },
    uploadIdleMs: number | undefined,
    isCrowded = false,
  ) {
    const watch = new Revalidator({ uploadIdleMs, isCrowded: () => isCrowded });
    t.after(() => watch.close());
    const upload = { writableLength: taken.waiting, bytesWritten: taken.waiting };
    const ends: string[] = [];
    watch.add({
      outlet: idle,
      upload,
      judge: () => refused('ERR_TUNNEL_OFFLINE'),
      endSession: () => {},
      cut: () => void ends.push('cut'),
      giveUp: () => void ends.push('given up'),
    });
    return (forMs: number) => {
      for (let nowMs = 1_000; nowMs <= 1_000 + forMs; nowMs += 10_000) {
        watch.cutStalled(nowMs);
        upload.bytesWritten += taken.perLook;
      }
      return ends;
    };
  }

  it('leaves an app that does not read, without a limit', (t) => {
    assert.deepEqual(taking(t, { perLook: 0, waiting: 131_072 }, undefined)(24 * HOUR_MS), []);
  });

  it('gives up what is not taken for ten minutes when connections are few, whatever the limit', (t) => {
    for (const limitMs of [undefined, HOUR_MS]) {
      assert.deepEqual(taking(t, { perLook: 0, waiting: 131_072 }, limitMs, true)(590_000), []);
      assert.deepEqual(taking(t, { perLook: 0, waiting: 131_072 }, limitMs, true)(610_000), ['given up']);
      assert.deepEqual(taking(t, { perLook: 2_000, waiting: 131_072 }, limitMs, true)(HOUR_MS), []);
    }
  });

  it('gives up, once, what is not read within the limit', (t) => {
    const pass = taking(t, { perLook: 0, waiting: 131_072 }, LIMIT_MS);
    assert.deepEqual(pass(LIMIT_MS - 10_000), []);
    assert.deepEqual(pass(2 * LIMIT_MS), ['given up']);
  });

  it('gives up what is read byte by byte', (t) => {
    assert.deepEqual(taking(t, { perLook: 100, waiting: 131_072 }, LIMIT_MS)(LIMIT_MS), ['given up']);
  });

  it('leaves what is read slowly, and where nothing waits', (t) => {
    assert.deepEqual(taking(t, { perLook: 2_000, waiting: 131_072 }, LIMIT_MS)(HOUR_MS), []);
    assert.deepEqual(taking(t, { perLook: 0, waiting: 0 }, LIMIT_MS)(HOUR_MS), []);
  });

  it('runs more than once within the limit', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const watch = new Revalidator({ uploadIdleMs: 1_000 });
    t.after(() => watch.close());
    const look = t.mock.method(watch, 'cutStalled');
    t.mock.timers.tick(1_000);
    assert.equal(look.mock.callCount(), 2);
  });
});
