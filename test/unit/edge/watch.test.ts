import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Verdict } from '../../../src/edge/gate.js';
import { Watch, type Watched } from '../../../src/edge/watch.js';

type Refusal = Extract<Verdict, { kind: 'refuse' }>;

const refused = (code: Refusal['code']): Refusal => ({
  kind: 'refuse',
  code,
  session: undefined,
  reason: 'for a test',
});

function watching(t: TestContext, judge: () => Promise<Verdict>) {
  const watch = new Watch();
  t.after(() => watch.close());
  const ends: string[] = [];
  const watched = { judge, end: () => void ends.push('ended') };
  watch.add(watched);
  return { watch, ends, forget: () => watch.forget(watched) };
}

describe('the watch over open streams', () => {
  for (const code of ['ERR_LOGIN_REQUIRED', 'ERR_ACCESS_DENIED'] as const) {
    it(`ends one that the gate would refuse with ${code}`, async (t) => {
      const { watch, ends } = watching(t, async () => refused(code));
      await watch.review();
      assert.deepEqual(ends, ['ended']);
    });
  }

  it('leaves one alone whose tunnel is only offline', async (t) => {
    const { watch, ends } = watching(t, async () => refused('ERR_TUNNEL_OFFLINE'));
    await watch.review();
    assert.deepEqual(ends, []);
  });

  it('ends one that the gate cannot judge, and still judges the others', async (t) => {
    const { watch, ends } = watching(t, () => Promise.reject(new Error('no store')));
    watch.add({ judge: async () => refused('ERR_ACCESS_DENIED'), end: () => void ends.push('other') });
    await watch.review();
    assert.deepEqual(ends.sort(), ['ended', 'other']);
  });

  it('looks by itself, within ten seconds of the cause', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { ends } = watching(t, async () => refused('ERR_LOGIN_REQUIRED'));
    t.mock.timers.tick(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ends, ['ended']);
  });

  it('forgets one that has ended by itself', async (t) => {
    const { watch, ends, forget } = watching(t, async () => refused('ERR_ACCESS_DENIED'));
    forget();
    await watch.review();
    assert.deepEqual(ends, []);
  });

  it('still knows all others when some end in any order', async (t) => {
    const { watch, ends, forget } = watching(t, async () => refused('ERR_ACCESS_DENIED'));
    const others = ['a', 'b', 'c', 'd'].map((name) => ({
      judge: async () => refused('ERR_ACCESS_DENIED'),
      end: () => void ends.push(name),
    }));
    for (const other of others) watch.add(other);
    const [a, , , d] = others as [Watched, Watched, Watched, Watched];
    assert.deepEqual([watch.forget(d), watch.forget(a), watch.forget(a)], [true, true, false]);
    forget();
    await watch.review();
    assert.deepEqual(ends.sort(), ['b', 'c']);
  });

  it('asks nothing more once it is closed', async (t) => {
    const { watch, ends, forget } = watching(t, async () => refused('ERR_ACCESS_DENIED'));
    watch.close();
    await watch.review();
    forget(); // as whatever was open does when it ends at last
    assert.deepEqual(ends, []);
  });
});
