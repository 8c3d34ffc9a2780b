import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { parseRule } from '../../../../src/core/rule.js';
import { Invites, LINK_TTL_MS, MAX_INVITES, MAX_INVITES_OF_OWNER } from '../../../../src/edge/people/invites.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { SlowStore } from '../../../support/slow-store.js';

const START_MS = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const DEV = 'dev@acme.com';
const DEMO = { name: 'demo', owner: DEV };

function setUp(ceiling?: string) {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new MemoryStore({ now });
  const rule = parseRule(ceiling ?? '*') ?? assert.fail(ceiling);
  const make = () => new Invites({ store, ceiling: ceiling === undefined ? undefined : [rule], now });
  const invites = make();
  return { clock, store, make, invites };
}

const person = (name: string, emailVerified = true) =>
  ({
    ...{ issuer: 'https://provider.test', subject: name, email: `${name}@elsewhere.test`, emailVerified },
  }) as unknown as Identity;

it('lets in as many accounts as it says, at every node, and each of them again', async () => {
  const { make, invites } = setUp();
  const other = make();
  const { invite, code } = await invites.create(DEMO, { by: DEV, uses: 2 });
  assert.deepEqual([invite.uses, invite.used, invite.endsAccess], [2, 0, false]);
  assert.equal((await invites.redeem(DEMO, code, person('eve')))?.used, 1);
  assert.equal((await other.redeem(DEMO, code, person('eve')))?.used, 1);
  assert.equal((await other.redeem(DEMO, code, person('zoe')))?.used, 2);
  assert.equal(await invites.redeem(DEMO, code, person('max')), undefined);
  assert.equal(invites.find(DEMO, code, person('max')), undefined);
  assert.equal(invites.find(DEMO, code, person('eve'))?.id, invite.id);
});

it('lets in no more of those who come at once', async () => {
  const { make, invites } = setUp();
  const nodes = [invites, make(), make()];
  const { code } = await invites.create(DEMO, { by: DEV, uses: 3 });
  const names = Array.from({ length: 20 }, (_, at) => `p${at}`);
  const redeemed = await Promise.all(
    names.map((name, at) => (nodes[at % 3] as Invites).redeem(DEMO, code, person(name))),
  );
  assert.equal(redeemed.filter((invite) => invite !== undefined).length, 3);
  assert.equal(invites.list(DEMO)[0]?.used, 3);
});

it('ends after a week, or after its time with the access', async () => {
  const { clock, invites } = setUp();
  const week = await invites.create(DEMO, { by: DEV, uses: 9 });
  const hour = await invites.create(DEMO, { by: DEV, uses: 9, forMs: HOUR_MS });
  assert.deepEqual(
    [week, hour].map(({ invite: { expiresAtMs, endsAccess } }) => [expiresAtMs - START_MS, endsAccess]),
    [
      [LINK_TTL_MS, false],
      [HOUR_MS, true],
    ],
  );
  await invites.redeem(DEMO, hour.code, person('eve'));
  clock.nowMs += HOUR_MS - 1;
  assert.equal((await invites.redeem(DEMO, hour.code, person('zoe')))?.used, 2);
  clock.nowMs += 1;
  assert.equal(await invites.redeem(DEMO, hour.code, person('eve')), undefined);
  assert.equal(invites.find(DEMO, hour.code, person('eve')), undefined);
  assert.deepEqual(
    invites.list(DEMO).map(({ id }) => id),
    [week.invite.id],
  );
  clock.nowMs = START_MS + LINK_TTL_MS;
  assert.equal(await invites.redeem(DEMO, week.code, person('eve')), undefined);
});

it('is for nobody else: not with another secret, id, tunnel, owner or address, and not for an unverified one', async () => {
  const { invites } = setUp();
  const { code } = await invites.create(DEMO, { by: DEV, email: 'eve@elsewhere.test' });
  const [id, secret = ''] = code.split('.');
  const wrong = [
    ...['', 'x', code.slice(0, -1), `${code}A`, `${id}.${'A'.repeat(24)}`, `${'0'.repeat(12)}.${secret}`, `${code}\n`],
    ...[`../${code}`, code.toUpperCase()],
  ];
  for (const one of wrong) {
    assert.equal(invites.find(DEMO, one, person('eve')), undefined, one);
    assert.equal(await invites.redeem(DEMO, one, person('eve')), undefined, one);
  }
  for (const tunnel of [
    { name: 'other', owner: DEV },
    { name: 'demo', owner: 'new@acme.com' },
  ]) {
    assert.equal(await invites.redeem(tunnel, code, person('eve')), undefined);
    assert.deepEqual(invites.list(tunnel), []);
    assert.equal(await invites.revoke(tunnel, id ?? ''), undefined);
  }
  for (const stranger of [person('zoe'), person('eve', false)])
    assert.equal(await invites.redeem(DEMO, code, stranger), undefined);
  assert.equal((await invites.redeem(DEMO, code, person('eve')))?.used, 1);
});

it('is over once it is revoked', async () => {
  const { invites } = setUp();
  const { invite, code } = await invites.create(DEMO, { by: DEV, uses: 5 });
  await invites.redeem(DEMO, code, person('eve'));
  assert.equal((await invites.revoke(DEMO, invite.id))?.id, invite.id);
  assert.equal(await invites.revoke(DEMO, invite.id), undefined);
  assert.equal(await invites.redeem(DEMO, code, person('eve')), undefined);
});

it('is bounded for each tunnel, and one that is used up makes room', async () => {
  const { invites } = setUp();
  const first = await invites.create(DEMO, { by: DEV });
  for (let at = 1; at < MAX_INVITES; at++) await invites.create(DEMO, { by: DEV });
  await assert.rejects(invites.create(DEMO, { by: DEV }), { code: 'ERR_LIMIT_REACHED' });
  await invites.redeem(DEMO, first.code, person('eve'));
  await invites.create(DEMO, { by: DEV });
  assert.equal(invites.list(DEMO).length, MAX_INVITES);
  await assert.rejects(invites.create(DEMO, { by: DEV }), { code: 'ERR_LIMIT_REACHED' });
});

it('is one of fifty also when many are made at once, and of five hundred of one owner', async () => {
  const invites = new Invites({ store: new SlowStore(), ceiling: undefined });
  const many = (name: string) =>
    Promise.allSettled(
      Array.from({ length: MAX_INVITES + 5 }, () => invites.create({ name, owner: DEV }, { by: DEV })),
    );
  const made = await many('demo');
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, MAX_INVITES);
  for (let at = 0; at < 10; at++) await many(`demo${at}`);
  const names = ['demo', ...Array.from({ length: 10 }, (_, at) => `demo${at}`)];
  const held = names.map((name) => invites.list({ name, owner: DEV }).length);
  assert.equal(
    held.reduce((sum, count) => sum + count),
    MAX_INVITES_OF_OWNER,
  );
  await invites.create({ name: 'theirs', owner: 'bob@acme.com' }, { by: DEV });
});

it('is for nobody whom the ceiling rules out', async () => {
  const { invites } = setUp('@acme.com');
  const outside = invites.create(DEMO, { by: DEV, email: 'eve@elsewhere.test' });
  await assert.rejects(outside, { code: 'ERR_OUTSIDE_CEILING' });
  assert.equal((await invites.create(DEMO, { by: DEV, email: 'ana@acme.com' })).invite.email, 'ana@acme.com');
});

it('leaves neither its secret nor an account in the store', async () => {
  const { store, invites } = setUp();
  const { code } = await invites.create(DEMO, { by: DEV });
  await invites.redeem(DEMO, code, person('eve'));
  const text = JSON.stringify(await store.list('invite:'));
  assert.match(text, /"invite:demo\//);
  for (const secret of [code.split('.')[1] ?? '', 'eve', 'provider.test']) assert.ok(!text.includes(secret), secret);
});
