import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { decide, type Policy } from '../../../../src/auth/identity/policy.js';
import { parseRule, type Rule } from '../../../../src/core/rule.js';
import { Grants, MAX_GRANTS, MAX_GRANTS_OF_OWNER } from '../../../../src/edge/people/grants.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { SlowStore } from '../../../support/slow-store.js';

const START_MS = 1_790_000_000_000;
const DEV = 'dev@acme.com';
const PERSON = {
  issuer: 'https://provider.test',
  subject: '1',
  emailVerified: true,
  domainProof: 'email',
  groups: [],
  groupsOmitted: false,
} as const;
const DEMO = { name: 'demo', owner: DEV };
const by = { by: DEV };

const rulesOf = (...words: string[]): Rule[] => words.map((word) => parseRule(word) ?? assert.fail(word));

function setUp({ ceiling }: { ceiling?: readonly Rule[] } = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS });
  const store = new MemoryStore();
  const make = () => new Grants({ store, ceiling });
  const offered: Policy = { ceiling, rules: rulesOf('@partner.test'), owner: DEV, publicPermitted: false };
  const grants = make();
  const allows = (email: string, from = grants, policy = offered) =>
    decide(from.apply(policy, 'demo'), { ...PERSON, email }).allow;
  return { store, make, grants, offered, allows };
}

describe('grants', () => {
  afterEach(() => mock.timers.reset());

  it('are beside the rules of the offer, at every node, and leave an offer without them as it is', async () => {
    const { make, grants, offered, allows } = setUp();
    const other = make();
    assert.equal(grants.apply(offered, 'demo'), offered);
    await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'allow', ...by });
    for (const node of [grants, other]) assert.equal(allows('eve@elsewhere.test', node), true);
    assert.equal(allows('zoe@elsewhere.test'), false);
    assert.equal(grants.apply(offered, 'demo2'), offered);
  });

  it('shut a person out whom the rules let in, but never the owner', async () => {
    const { grants, allows } = setUp();
    await grants.decide(DEMO, 'bob@partner.test', { effect: 'deny', ...by });
    await grants.decide(DEMO, DEV, { effect: 'deny', ...by });
    assert.deepEqual([allows('bob@partner.test'), allows('ann@partner.test'), allows(DEV)], [false, true, true]);
  });

  it('replace what was decided about the same words, and can be taken back', async () => {
    const { grants, allows } = setUp();
    await grants.decide(DEMO, 'bob@partner.test', { effect: 'deny', ...by });
    await grants.decide(DEMO, 'BOB@partner.test', { effect: 'allow', ...by });
    assert.equal(allows('bob@partner.test'), true);
    assert.equal(grants.list(DEMO).length, 1);
    assert.equal(await grants.takeBack(DEMO, 'bob@partner.test'), true);
    assert.equal(await grants.takeBack(DEMO, 'bob@partner.test'), false);
    assert.equal(await grants.takeBack(DEMO, 'no rule'), false);
    assert.equal(allows('bob@partner.test'), true); // by the offer
  });

  it('end by themselves after their time, and say so', async () => {
    const { grants, allows } = setUp();
    const told: (readonly string[])[] = [];
    await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'allow', forMs: 3_000, ...by });
    await grants.decide({ ...DEMO, name: 'other' }, 'eve@elsewhere.test', { effect: 'allow', forMs: 60_000, ...by });
    grants.onChange((tunnels) => told.push(tunnels));
    mock.timers.tick(2_999);
    assert.deepEqual([allows('eve@elsewhere.test'), told], [true, []]);
    mock.timers.tick(1);
    assert.deepEqual([allows('eve@elsewhere.test'), told], [false, [['demo']]]);
    mock.timers.tick(57_000);
    assert.deepEqual(told, [['demo'], ['other']]);
  });

  it('last as long as they are renewed', async () => {
    const { grants, allows } = setUp();
    await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'allow', forMs: 3_000, ...by });
    await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'allow', ...by });
    mock.timers.tick(3_000);
    assert.equal(allows('eve@elsewhere.test'), true);
  });

  it('do not count under another owner of the name', async () => {
    const { grants, offered, allows } = setUp();
    await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'allow', ...by });
    assert.equal(allows('eve@elsewhere.test', grants, { ...offered, owner: 'new@acme.com' }), false);
    assert.deepEqual(grants.list({ ...DEMO, owner: 'new@acme.com' }), []);
  });

  it('of a former owner of the name leave the bound of theirs, and nothing of the owner is lost', async () => {
    const { grants, store } = setUp();
    const taken = { ...DEMO, owner: 'new@acme.com' };
    const allow = (tunnel: typeof DEMO, word: string) => grants.decide(tunnel, word, { effect: 'allow', ...by });
    const most = 0.9 * MAX_GRANTS_OF_OWNER;
    for (let at = 0; at < most; at++)
      await allow({ name: at % 2 ? 'demo' : 'demo2', owner: DEV }, `p${at}@elsewhere.test`);
    await assert.rejects(allow({ ...DEMO, name: 'third' }, 'x@elsewhere.test'), { code: 'ERR_LIMIT_REACHED' });
    const forgotten = grants.forgetOthers(taken);
    await allow(taken, 'p1@elsewhere.test'); // in place of one that is about to be removed
    await forgotten;
    assert.equal((await store.list('grant:demo/')).length, 1);
    assert.deepEqual([grants.list(DEMO).length, grants.list(taken).length], [0, 1]);
    await allow({ ...DEMO, name: 'third' }, 'x@elsewhere.test');
    assert.equal(grants.list({ ...DEMO, name: 'demo2' }).length, most / 2);
  });

  it('are refused outside the ceiling when they are made', async () => {
    const { grants } = setUp({ ceiling: rulesOf('@acme.com', 'guest@partner.test') });
    const refused = { code: 'ERR_OUTSIDE_CEILING' };
    for (const word of ['eve@elsewhere.test', '@partner.test', 'other@partner.test'])
      await assert.rejects(grants.decide(DEMO, word, { effect: 'allow', ...by }), refused, word);
    for (const word of ['ann@acme.com', '@acme.com', 'guest@partner.test', 'group:eng', '*'])
      await grants.decide(DEMO, word, { effect: 'allow', ...by });
    await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'deny', ...by });
  });

  it('have words that mean something', async () => {
    const { grants } = setUp();
    for (const [word, effect] of [
      ['eve', 'allow'],
      ['public', 'allow'],
      ['@acme.com', 'deny'],
      ['group:eng', 'deny'],
    ] as const)
      await assert.rejects(grants.decide(DEMO, word, { effect, ...by }), { code: 'ERR_BAD_REQUEST' }, word);
  });

  it('are bounded for each tunnel', async () => {
    const { grants } = setUp();
    const allow = (word: string) => grants.decide(DEMO, word, { effect: 'allow', ...by });
    for (let at = 0; at < 0.9 * MAX_GRANTS; at++) await allow(`p${at}@elsewhere.test`);
    await assert.rejects(allow('one-more@elsewhere.test'), { code: 'ERR_LIMIT_REACHED' });
    await allow('p0@elsewhere.test'); // known already: needs no room
  });

  it('leave the last tenth of a tunnel and of an owner to denials, which need no room where a grant was', async () => {
    const { grants } = setUp();
    const decide = (effect: 'allow' | 'deny', at: number, name = 'demo') =>
      grants.decide({ name, owner: DEV }, `p${at}@elsewhere.test`, { effect, ...by });
    for (let at = 0; at < 0.9 * MAX_GRANTS; at++) await decide('allow', at);
    for (let at = 0; at < 0.1 * MAX_GRANTS; at++) await decide('deny', MAX_GRANTS + at);
    await assert.rejects(decide('deny', 2 * MAX_GRANTS), { code: 'ERR_LIMIT_REACHED' });
    await assert.rejects(decide('allow', MAX_GRANTS), { code: 'ERR_LIMIT_REACHED' });
    await decide('deny', 0);
    for (let at = MAX_GRANTS; at < 0.9 * MAX_GRANTS_OF_OWNER; at++) await decide('allow', at, 'other');
    await assert.rejects(decide('allow', 0, 'third'), { code: 'ERR_LIMIT_REACHED' });
    for (let at = 0; at < 0.1 * MAX_GRANTS_OF_OWNER; at++) await decide('deny', at, 'third');
    await assert.rejects(decide('deny', 0, 'fourth'), { code: 'ERR_LIMIT_REACHED' });
    await grants.decide({ name: 'theirs', owner: 'bob@acme.com' }, '@acme.com', { effect: 'allow', ...by });
  });

  it('shut people out when so many were let in by all owners that nobody else can be', async () => {
    const store = new MemoryStore({ maxEntries: 20 });
    const grants = new Grants({ store, ceiling: undefined });
    const decide = (effect: 'allow' | 'deny', at: number) =>
      grants.decide(DEMO, `p${at}@elsewhere.test`, { effect, ...by });
    for (let at = 0; at < 18; at++) await decide('allow', at);
    await assert.rejects(decide('allow', 18), { code: 'ERR_STORE_UNAVAILABLE' });
    for (const at of [0, 18, 19]) await decide('deny', at);
  });

  it('are no more when many are made at once', async () => {
    const grants = new Grants({ store: new SlowStore(), ceiling: undefined });
    const decided = await Promise.allSettled(
      Array.from({ length: MAX_GRANTS }, (_, at) =>
        grants.decide(DEMO, `p${at}@elsewhere.test`, { effect: 'allow', ...by }),
      ),
    );
    assert.equal(decided.filter(({ status }) => status === 'fulfilled').length, 0.9 * MAX_GRANTS);
    assert.equal(grants.list(DEMO).length, 0.9 * MAX_GRANTS);
  });

  it('leave out what a later release has written', async () => {
    const { store, grants } = setUp();
    await store.put(
      'grant:demo/eve@elsewhere.test',
      JSON.stringify({ effect: 'perhaps', owner: DEV, by: DEV, since: 1 }),
    );
    await store.put('grant:demo/eve@elsewhere.test', 'not JSON');
    assert.deepEqual(grants.list(DEMO), []);
  });

  it('let one person in, for no shorter time than before, unless the person was shut out', async () => {
    const { make, grants, allows } = setUp();
    const EVE = 'eve@elsewhere.test';
    const until = (ms: number | undefined) => grants.letIn(DEMO, EVE, { ...by, expiresAtMs: ms });
    assert.equal((await until(START_MS + 2_000))?.expiresAtMs, START_MS + 2_000);
    assert.equal((await until(START_MS + 1_000))?.expiresAtMs, START_MS + 2_000);
    assert.equal((await until(undefined))?.expiresAtMs, undefined);
    assert.equal((await until(START_MS + 3_000))?.expiresAtMs, undefined);
    assert.ok(allows(EVE));
    await grants.decide(DEMO, EVE, { effect: 'deny', ...by });
    assert.equal(await until(undefined), undefined);
    assert.equal(await make().letIn(DEMO, EVE, { ...by, expiresAtMs: undefined }), undefined);
    assert.ok(!allows(EVE));
    // What a former owner has decided is void.
    const next = { name: 'demo', owner: 'new@acme.com' };
    assert.equal((await grants.letIn(next, EVE, { by: next.owner, expiresAtMs: undefined }))?.effect, 'allow');
  });

  it('let nobody in who is shut out at the same moment', async () => {
    const { store, grants, allows } = setUp();
    const { get } = store;
    store.get = async (key) => {
      const found = await get.call(store, key);
      store.get = get;
      await grants.decide(DEMO, 'eve@elsewhere.test', { effect: 'deny', ...by });
      return found;
    };
    assert.equal(await grants.letIn(DEMO, 'eve@elsewhere.test', { ...by, expiresAtMs: undefined }), undefined);
    assert.ok(!allows('eve@elsewhere.test'));
  });
});
