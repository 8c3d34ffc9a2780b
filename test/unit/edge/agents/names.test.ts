import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { MAX_NAMES_OF_ONE, Names } from '../../../../src/edge/agents/names.js';
import { PosternError } from '../../../../src/errors.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { deferred } from '../../../support/deferred.js';

const START_MS = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TAKEN = { code: 'ERR_NAME_TAKEN' };
const [ANA, BOB] = ['ana@acme.com', 'bob@acme.com'];

function setUp(t: TestContext) {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now });
  const open = () => {
    const names = new Names({ store, now });
    t.after(() => names.close());
    return names;
  };
  const away = () => t.mock.method(store, 'put', () => Promise.reject(new PosternError('ERR_STORE_UNAVAILABLE')));
  return { clock, store, open, names: open(), away };
}

it('gives a name to whoever is first, at every node, and says nothing of the owner to others', async (t) => {
  const { names, open } = setUp(t);
  await names.claim({ name: 'shop', owner: ANA });
  await names.claim({ name: 'shop', owner: ANA });
  for (const each of [names, open()]) {
    await assert.rejects(each.claim({ name: 'shop', owner: BOB }), (error: PosternError) => {
      assert.equal(error.code, 'ERR_NAME_TAKEN');
      assert.match(error.text, /^The name shop belongs to another account until it has been unused for thirty days/);
      assert.match(error.text, /thirty days, 2026-10-22 at the earliest: choose another --name\.$/);
      assert.ok(!error.text.includes('ana') && !error.message.includes('ana'));
      return true;
    });
  }
  await names.claim({ name: 'other', owner: BOB });
});

it('gives a name to one of many owners who claim it at once, at two nodes', async (t) => {
  const { names, open } = setUp(t);
  const nodes = [names, open()];
  const claims = Array.from({ length: 20 }, (_, at) =>
    nodes[at % 2]?.claim({ name: 'shop', owner: `${at}@acme.com` }).then(
      () => at,
      ({ code }) => code,
    ),
  );
  const outcomes = await Promise.all(claims);
  assert.equal(outcomes.filter((outcome) => typeof outcome === 'number').length, 1);
  assert.equal(outcomes.filter((outcome) => outcome === 'ERR_NAME_TAKEN').length, 19);
});

it('keeps a name for thirty days after its last use at least, and for thirty-one at most', async (t) => {
  const { clock, names } = setUp(t);
  await names.claim({ name: 'shop', owner: ANA });
  clock.nowMs += 29 * DAY_MS;
  await names.claim({ name: 'shop', owner: ANA });
  clock.nowMs += 31 * DAY_MS - 1;
  await assert.rejects(names.claim({ name: 'shop', owner: BOB }), TAKEN);
  clock.nowMs += 1;
  await names.claim({ name: 'shop', owner: BOB });
  await assert.rejects(names.claim({ name: 'shop', owner: ANA }), TAKEN);
});

it('renews a name once a day while it is in use, and no more often than each hour for offers', async (t) => {
  const { clock, store, names } = setUp(t);
  const put = t.mock.method(store, 'put');
  await names.claim({ name: 'shop', owner: ANA });
  await names.claim({ name: 'shop', owner: ANA });
  clock.nowMs += HOUR_MS - 1;
  await names.claim({ name: 'shop', owner: ANA });
  await names.renew([{ name: 'shop', owner: ANA }]);
  assert.equal(put.mock.callCount(), 1);
  clock.nowMs += 1;
  await names.claim({ name: 'shop', owner: ANA });
  assert.equal(put.mock.callCount(), 2);
  for (let day = 0; day < 40; day++) {
    clock.nowMs += DAY_MS;
    await names.renew([{ name: 'shop', owner: ANA }]);
  }
  assert.equal(put.mock.callCount(), 42);
  clock.nowMs += 30 * DAY_MS;
  await assert.rejects(names.claim({ name: 'shop', owner: BOB }), TAKEN);
});

it('lets a known owner go on while the store is away, and nobody claim a new name', async (t) => {
  const { clock, names, away } = setUp(t);
  await names.claim({ name: 'shop', owner: ANA });
  clock.nowMs += 2 * DAY_MS;
  const put = away();
  await names.claim({ name: 'shop', owner: ANA });
  await names.renew([{ name: 'shop', owner: ANA }]);
  assert.equal(put.mock.callCount(), 2);
  await assert.rejects(names.claim({ name: 'shop', owner: BOB }), TAKEN);
  await assert.rejects(names.claim({ name: 'new', owner: ANA }), { code: 'ERR_STORE_UNAVAILABLE' });
});

it('leaves a name of one owner alone when another one’s agent is renewed', async (t) => {
  const { clock, names } = setUp(t);
  await names.claim({ name: 'shop', owner: ANA });
  clock.nowMs += 2 * DAY_MS;
  await names.renew([{ name: 'shop', owner: BOB }]);
  await assert.rejects(names.claim({ name: 'shop', owner: BOB }), TAKEN);
});

it('gives one owner a hundred names, also when all are claimed at once, and again what has expired', async (t) => {
  const { clock, names, open } = setUp(t);
  const claim = (at: number, owner = ANA) => names.claim({ name: `shop-${at}`, owner });
  const outcomes = await Promise.allSettled(Array.from({ length: MAX_NAMES_OF_ONE + 5 }, (_, at) => claim(at)));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, MAX_NAMES_OF_ONE);
  await assert.rejects(claim(200), (error: PosternError) => {
    assert.equal(error.code, 'ERR_LIMIT_REACHED');
    assert.match(error.text, /at most 100 names/);
    return true;
  });
  await assert.rejects(open().claim({ name: 'shop-200', owner: ANA }), { code: 'ERR_LIMIT_REACHED' });
  await claim(0);
  await claim(200, BOB);
  clock.nowMs += 31 * DAY_MS;
  await claim(201);
});

it('counts a name once that the store has told of and not confirmed yet', async (t) => {
  const { store, names } = setUp(t);
  const confirmed = deferred<void>();
  const put = store.put.bind(store);
  t.mock.method(store, 'put', async (...args: Parameters<typeof put>) => {
    const entry = await put(...args);
    await confirmed.promise;
    return entry;
  });
  const claim = (at: number) => names.claim({ name: `shop-${at}`, owner: ANA });
  const told = deferred<void>();
  const known = new Set<string>();
  names.onClaim(({ name }) => {
    if (known.add(name).size === MAX_NAMES_OF_ONE - 1) told.resolve();
  });
  const first = Array.from({ length: MAX_NAMES_OF_ONE - 1 }, (_, at) => claim(at));
  await told.promise;
  const last = claim(MAX_NAMES_OF_ONE);
  confirmed.resolve();
  await Promise.all([...first, last]);
});

it('takes an entry that it cannot read for another owner’s', async (t) => {
  const { store, names } = setUp(t);
  await store.put('name:shop', '{"later":1}', { expiresAtMs: START_MS + DAY_MS });
  await assert.rejects(names.claim({ name: 'shop', owner: ANA }), TAKEN);
});
