import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { KNOCK_TTL_MS, Knocks, MAX_KNOCKS, REFUSED_FOR_MS } from '../../../../src/edge/people/knocks.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { SlowStore } from '../../../support/slow-store.js';

const START_MS = 1_790_000_000_000;
const DEMO = { name: 'demo', owner: 'dev@acme.com' };

function setUp() {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now });
  const knocks = new Knocks({ store, now });
  const person = (name: string) =>
    ({ issuer: 'https://provider.test', subject: name, email: `${name}@elsewhere.test` }) as unknown as Identity;
  return {
    clock,
    store,
    knocks,
    person,
    ask: (name: string, message = '') => knocks.ask('demo', DEMO, person(name), message),
  };
}

it('keeps one request of each person, the first, for a day', async () => {
  const { clock, knocks, ask } = setUp();
  assert.equal((await ask('eve', 'one'))?.message, 'one');
  clock.nowMs += 1;
  assert.equal(await ask('eve', 'two'), undefined);
  await ask('zoe');
  assert.deepEqual(
    knocks.list(DEMO).map(({ email, message }) => [email, message]),
    [
      ['eve@elsewhere.test', 'one'],
      ['zoe@elsewhere.test', ''],
    ],
  );
  clock.nowMs = START_MS + KNOCK_TTL_MS;
  assert.deepEqual(
    knocks.list(DEMO).map(({ email }) => email),
    ['zoe@elsewhere.test'],
  );
  assert.equal((await ask('eve', 'two'))?.message, 'two');
});

it('drops a person for an hour after a no, and not after a yes', async () => {
  const { clock, knocks, ask } = setUp();
  await ask('eve');
  await ask('zoe');
  await knocks.settle(DEMO, 'eve@elsewhere.test', 'deny');
  await knocks.settle(DEMO, 'zoe@elsewhere.test', 'allow');
  assert.deepEqual(knocks.list(DEMO), []);
  assert.deepEqual([await ask('eve'), (await ask('zoe'))?.email], [undefined, 'zoe@elsewhere.test']);
  clock.nowMs += REFUSED_FOR_MS;
  assert.equal((await ask('eve'))?.email, 'eve@elsewhere.test');
});

it('is bounded for each tunnel', async () => {
  const { knocks, ask } = setUp();
  for (let at = 0; at < MAX_KNOCKS + 1; at++) await ask(`p${at}`);
  assert.equal(knocks.list(DEMO).length, MAX_KNOCKS);
});

it('is bounded also for those who ask at once', async () => {
  const { person } = setUp();
  const knocks = new Knocks({ store: new SlowStore() });
  const names = Array.from({ length: MAX_KNOCKS + 10 }, (_, at) => `p${at}`);
  const asked = await Promise.all(names.map((name) => knocks.ask('demo', DEMO, person(name), '')));
  assert.deepEqual([asked.filter(Boolean).length, knocks.list(DEMO).length], [MAX_KNOCKS, MAX_KNOCKS]);
});

it('is of the owner who was asked', async () => {
  const { knocks, ask } = setUp();
  const asked = await ask('eve');
  const next = { ...DEMO, owner: 'new@acme.com' };
  assert.deepEqual([knocks.list(next), knocks.find(next, asked?.id ?? '')], [[], undefined]);
  assert.equal(knocks.find(DEMO, asked?.id ?? '')?.email, 'eve@elsewhere.test');
});

it('writes as much where there is no tunnel, and asks nobody', async () => {
  const { store, knocks, person } = setUp();
  let writes = 0;
  const { put } = store;
  store.put = (...how) => {
    writes += 1;
    return put.apply(store, how);
  };
  await knocks.ask('demo', DEMO, person('eve'), '');
  assert.equal(await knocks.ask('void', undefined, person('eve'), ''), undefined);
  await knocks.settle(DEMO, 'eve@elsewhere.test', 'deny');
  writes = 0;
  await knocks.ask('demo', DEMO, person('eve'), '');
  assert.equal(writes, 1);
  assert.deepEqual(await store.list('knock:'), []);
});

it('takes one line of plain text', async () => {
  const { ask } = setUp();
  for (const message of [' a', 'a\n', 'a\u0000', '\u202ea', 'a'.repeat(201)])
    await assert.rejects(ask('eve', message), { code: 'ERR_BAD_REQUEST' });
  assert.equal((await ask('eve', 'é <b>ok</b> 👋'))?.message, 'é <b>ok</b> 👋');
});
