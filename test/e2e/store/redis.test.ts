/**
 * The table of docs/redis.md, row by row, with a real Redis that is stopped, that stands still, is full, and comes back empty or
 * as an older copy. Another node is played by a store of this process.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EndedAccounts } from '../../../src/auth/session/ended-accounts.js';
import { storeUrl } from '../../../src/config/store-url.js';
import { RedisStore } from '../../../src/store/redis/store.js';
import { askAdmin, until } from '../../support/admin.js';
import { type Api, apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { send } from '../../support/oauth-client.js';
import { runPostern } from '../../support/processes.js';
import { redisMissing, TestRedis } from '../../support/redis.js';
import { callbackUrl } from '../../support/sign-in-steps.js';
import type { Visitor } from '../../support/visitor.js';

const AWAY = [503, 'ERR_STORE_UNAVAILABLE'];

const outcome = ({ status, headers }: { status: number; headers: Readonly<Record<string, unknown>> }) => [
  status,
  headers['postern-error'],
];

describe('an edge with a store in Redis', { skip: redisMissing() }, () => {
  const redis = TestRedis.prepare();
  before(() => redis.restart());
  after(() => redis.close());
  const { world } = inWorld({
    manyAddresses: true,
    edgeEnv: {
      ...{ POSTERN_STORE_URL: redis.url, POSTERN_STORE_GRACE: '15s', POSTERN_AGENTS: '@acme.com' },
      ...{ POSTERN_PUBLIC: 'true', POSTERN_ACCESS_TOKENS: 'true' },
    },
  });
  let other: RedisStore;
  let api: Api;
  before(async () => {
    const { value } = storeUrl.read(redis.url);
    assert.ok(value);
    other = await RedisStore.open(value);
    api = await apiOf(world);
  });
  after(() => other.close());

  const statusOf = async (visitor: Visitor) => (await visitor.bare(`${world.url}/`, withCookie(visitor))).status;
  const withCookie = (visitor: Visitor) => ({ headers: { cookie: visitor.jar.header(new URL(world.url)) } });
  const signOut = async (visitor: Visitor) => visitor.press(await visitor.open(`${world.url}/.postern/sign_out`));
  const grant = (rule: string) => `/tunnels/demo/grants/${encodeURIComponent(rule)}`;
  const metrics = async () => (await askAdmin(world, '/metrics'))[1];
  /** What `postern doctor` finds wrong with a name. */
  const examined = async (name: string) => {
    const env = { POSTERN_EDGE: world.base, POSTERN_TOKEN: await world.token() };
    const { stdout } = await runPostern(['doctor', '--json', '--name', name], env);
    const made = stdout.split('\n').map((line) => JSON.parse(line) as Record<string, string>);
    return made.filter(({ result, check }) => (result === 'failure' || result === 'warning') && check !== 'token');
  };
  const isBack = () => until(async () => !(await askAdmin(world, '/healthz'))[1].includes('store:'));
  const endEverywhere = async (email: string) => {
    const ended = new EndedAccounts({ store: other, ttlMs: 3_600_000 });
    await until(async () =>
      ended.end({ email }).then(
        () => true,
        () => false,
      ),
    );
    ended.close();
  };

  test('X9 hears of what another node has decided, and says which store it has', async () => {
    const ana = await world.signedIn('ana');
    assert.equal(await statusOf(ana), 200);
    await endEverywhere('ana@acme.com');
    await until(async () => (await statusOf(ana)) === 401);
    const line = await world.edge.record(({ store }) => store !== undefined);
    assert.deepEqual([line['store'], JSON.stringify(line).includes('password')], ['redis', false]);
  });

  test('X10 is refused with one sentence, and an exit code that says so, where no store can be kept', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const { exit, stderr } = await runPostern(['edge'], world.edgeEnv());
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    assert.equal(exit.code, 2);
    assert.match(stderr, /^postern: POSTERN_STORE_URL: Redis at \/.* expected noeviction \(ERR_CONFIG_INVALID\)\n$/);
  });

  test('X11 goes on within the grace while Redis is away, and fails closed after it; empty, it forgets no sign-out', async () => {
    const own = world.agent;
    const [bob, dev] = [await world.signedIn('bob'), await world.signedIn('dev')];
    const eve = world.visitor();
    const callback = await callbackUrl(eve, `${world.url}/`, 'bob');
    const made = await api('POST', '/tunnels/demo/access-tokens', { name: 'ci' });
    const machine = { headers: { 'postern-access-token': String(made.body['token']) } };
    const open = await world.startAgent({ name: 'dev-open', allow: ['public'] });
    const publicUrl = `${world.urlOf('dev-open')}/`;
    await endEverywhere('dev@acme.com');
    await until(async () => (await statusOf(dev)) === 401);

    await redis.kill();
    assert.equal(await statusOf(bob), 200);
    assert.equal(await statusOf(dev), 401);
    assert.deepEqual(outcome(await eve.navigate(callback)), AWAY);
    assert.deepEqual(outcome(await signOut(bob)), AWAY);
    assert.equal(await statusOf(bob), 200, 'who was told so');
    assert.equal((await api('PUT', grant('eve@elsewhere.test'), { effect: 'allow' })).status, 503);
    assert.equal((await send(world, '/oauth2/device_authorization', { client_id: 'postern' })).status, 503);
    assert.equal((await world.visitor().bare(`${world.url}/`, machine)).status, 200);
    const mark = own.mark();
    await open.terminate();
    const back = await world.startAgent({ name: 'dev-open', allow: ['public'] });
    assert.equal((await world.visitor().bare(publicUrl)).status, 200, 'its agent has come back');
    const fresh = await world.offer({ name: 'dev-fresh' });
    await fresh.record(({ code }) => code === 'ERR_STORE_UNAVAILABLE');
    assert.ok(own.records(mark).every(({ event }) => event !== 'offline'));
    const [status, text] = await askAdmin(world, '/healthz');
    assert.equal(status, 200);
    assert.match(text, /^store: Redis at .* cannot be reached/m);
    assert.match(await metrics(), /^postern_store_age_seconds \d/m);
    const found = await examined('dev-fresh');
    assert.deepEqual(
      found.map(({ check }) => check),
      ['name', 'provider'],
    );
    for (const { text } of found) assert.match(text ?? '', /ERR_STORE_UNAVAILABLE/);
    assert.deepEqual(
      outcome(await world.visitor().open(`${world.url}/`)),
      AWAY,
      'nobody signs in at the provider in vain',
    );

    await until(async () => (await askAdmin(world, '/readyz'))[0] === 503);
    const refused = await world.visitor().bare(`${world.url}/`, withCookie(bob));
    assert.deepEqual(outcome(refused), AWAY);
    assert.deepEqual([refused.headers['set-cookie'], Number(refused.headers['retry-after']) > 0], [undefined, true]);
    assert.deepEqual(outcome(await world.visitor().bare(`${world.url}/`, machine)), AWAY);
    assert.equal((await world.visitor().bare(publicUrl)).status, 200);
    assert.match(await metrics(), /^postern_store_age_seconds \d\d/m);

    await redis.restart();
    await isBack();
    assert.equal((await askAdmin(world, '/readyz'))[0], 200);
    assert.equal(await statusOf(bob), 200);
    assert.equal(await statusOf(dev), 401);
    await fresh.record(({ event }) => event === 'online');
    assert.equal((await eve.navigate(callback)).status, 200, 'the same sign-in goes on');
    await until(async () => (await other.list('ended-account:').catch(() => [])).length === 2);
    await Promise.all([back.terminate(), fresh.terminate()]);
    world.agent = own;
  });

  test('X12 is not held up by a Redis that stands still', async () => {
    const bob = await world.signedIn('bob');
    const eve = world.visitor();
    const callback = await callbackUrl(eve, `${world.url}/`, 'bob');
    redis.pause();
    assert.equal(await statusOf(bob), 200);
    assert.deepEqual(outcome(await eve.navigate(callback)), AWAY);
    redis.resume();
    await isBack();
    await world.signedIn('bob'); // whether that one was carried out is not known: another one is
  });

  test('X13 serves whom it knows while Redis is full, and takes access away where that needs no room', async () => {
    const bob = await world.signedIn('bob');
    assert.equal((await api('PUT', grant('eve@elsewhere.test'), { effect: 'allow' })).status, 200);
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    const late = world.visitor();
    const callback = await callbackUrl(late, `${world.url}/`, 'bob');
    const own = world.agent;
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    assert.deepEqual([await statusOf(bob), await statusOf(eve)], [200, 200]);
    assert.deepEqual(outcome(await late.navigate(callback)), AWAY);
    assert.equal((await api('PUT', grant('mal@elsewhere.test'), { effect: 'allow' })).status, 503);
    assert.equal((await send(world, '/oauth2/device_authorization', { client_id: 'postern' })).status, 503);
    const fresh = await world.offer({ name: 'dev-full' });
    await fresh.record(({ code }) => code === 'ERR_STORE_UNAVAILABLE');
    await own.terminate();
    await world.startAgent(); // its name is known
    assert.deepEqual(await askAdmin(world, '/readyz'), [200, 'ready\n']);
    assert.match(await metrics(), /^postern_store_write_failures_total [1-9]/m);
    assert.equal((await api('DELETE', grant('eve@elsewhere.test'))).status, 204);
    assert.equal(await statusOf(eve), 403);
    assert.deepEqual(outcome(await signOut(bob)), AWAY);
    assert.equal(await statusOf(bob), 200);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    assert.equal((await signOut(bob)).url, `${world.base}/oauth2/signed_out`);
    await fresh.record(({ event }) => event === 'online');
    await fresh.terminate();
    assert.equal((await late.navigate(callback)).status, 200, 'the same sign-in goes on');
  });

  test('X14 writes again what an older copy of Redis has lost, for itself and for the next edge', async () => {
    const bob = await world.signedIn('bob');
    const kept = withCookie(bob);
    await redis.command('SAVE');
    assert.equal((await signOut(bob)).url, `${world.base}/oauth2/signed_out`);
    const ended = await other.list('ended-sign-in:');
    await redis.kill();
    await redis.restart();
    await until(async () => (await other.list('ended-sign-in:').catch(() => [])).length === ended.length);
    assert.equal((await world.visitor().bare(`${world.url}/`, kept)).status, 401);
    const mark = world.agent.mark();
    await world.edge.kill();
    await world.startEdge();
    await world.agent.record(({ event }) => event === 'online', mark);
    assert.equal((await world.visitor().bare(`${world.url}/`, kept)).status, 401);
  });
});
