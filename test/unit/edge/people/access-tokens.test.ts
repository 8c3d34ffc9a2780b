import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  AccessTokens,
  MAX_ACCESS_TOKENS,
  MAX_ACCESS_TOKENS_OF_OWNER,
} from '../../../../src/edge/people/access-tokens.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { SlowStore } from '../../../support/slow-store.js';

const SHOP = { name: 'shop', owner: 'ana@acme.com' };
const FOR = { by: 'ana@acme.com', forMs: 60_000 };

async function setUp(t: TestContext) {
  const store = new MemoryStore();
  const tokens = new AccessTokens({ store });
  t.after(() => {
    tokens.close();
    void store.close();
  });
  await tokens.ready;
  return { store, tokens };
}

describe('an access token', () => {
  it('is for one tunnel and owner, and no other text is one', async (t) => {
    const { tokens } = await setUp(t);
    const { token, created } = await tokens.create(SHOP, { name: 'ci', ...FOR });
    assert.match(token, /^postern_vt_[\w-]{55}$/);
    assert.equal(tokens.nameOf(SHOP, token), 'ci');
    for (const other of [
      { ...SHOP, name: 'api' },
      { ...SHOP, owner: 'bob@acme.com' },
    ])
      assert.equal(tokens.nameOf(other, token), undefined);
    const last = token.endsWith('A') ? 'B' : 'A';
    for (const text of [
      '',
      'ci',
      created.id,
      `${token} `,
      ` ${token}`,
      `${token}, ${token}`,
      token.slice(0, -1) + last,
    ])
      assert.equal(tokens.nameOf(SHOP, text), undefined, text);
    assert.deepEqual(await tokens.revoke({ ...SHOP, owner: 'bob@acme.com' }, created.id), undefined);
    assert.equal((await tokens.revoke(SHOP, created.id))?.name, 'ci');
    assert.equal(tokens.nameOf(SHOP, token), undefined);
    assert.equal(await tokens.revoke(SHOP, created.id), undefined);
  });

  it('is one of fifty also when many are made at once, of five hundred of one owner, and alone with its name', async () => {
    const tokens = new AccessTokens({ store: new SlowStore() });
    const many = (name: string) =>
      Promise.allSettled(
        Array.from({ length: MAX_ACCESS_TOKENS + 5 }, (_, at) =>
          tokens.create({ ...SHOP, name }, { name: `ci${at}`, ...FOR }),
        ),
      );
    const made = await many('shop');
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, MAX_ACCESS_TOKENS);
    for (let at = 1; at < MAX_ACCESS_TOKENS_OF_OWNER / MAX_ACCESS_TOKENS; at++) await many(`shop${at}`);
    await assert.rejects(tokens.create({ ...SHOP, name: 'last' }, { name: 'ci', ...FOR }), {
      code: 'ERR_LIMIT_REACHED',
    });
    const theirs = { name: 'theirs', owner: 'bob@acme.com' };
    const twins = await Promise.allSettled([1, 2].map(() => tokens.create(theirs, { name: 'ci', ...FOR })));
    assert.deepEqual(
      twins.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    tokens.close();
  });

  it('is remembered as a hash', async (t) => {
    const { store, tokens } = await setUp(t);
    const { token } = await tokens.create(SHOP, { name: 'ci', ...FOR });
    const [id, secret] = [token.slice(11, 23), token.slice(23)];
    const entry = await store.get(`access-token:shop/${id}`);
    assert.ok(entry !== undefined && !entry.value.includes(secret) && !entry.key.includes(secret));
  });

  it('has fifty at most beside it, a name of its own and a life of at most 365 days', async (t) => {
    const { tokens } = await setUp(t);
    for (const name of ['', 'a b', '-a', 'a-', 'a'.repeat(33), 'a/b', 'é'])
      await assert.rejects(tokens.create(SHOP, { ...FOR, name }), { code: 'ERR_BAD_REQUEST' }, name);
    for (const forMs of [0, -1, Number.NaN, 366 * 86_400_000])
      await assert.rejects(tokens.create(SHOP, { ...FOR, name: 'ci', forMs }), { code: 'ERR_BAD_REQUEST' });
    for (let at = 0; at < MAX_ACCESS_TOKENS; at++) await tokens.create(SHOP, { ...FOR, name: `ci-${at}` });
    await assert.rejects(tokens.create(SHOP, { ...FOR, name: 'ci-0' }), { code: 'ERR_BAD_REQUEST' });
    await assert.rejects(tokens.create(SHOP, { ...FOR, name: 'one-more' }), { code: 'ERR_LIMIT_REACHED' });
    await tokens.create({ ...SHOP, name: 'api' }, { ...FOR, name: 'ci-0' });
  });
});
