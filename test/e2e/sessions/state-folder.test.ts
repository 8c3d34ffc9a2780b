/**
 * What was decided while an edge ran is still decided after the edge was killed, where it has a state folder; and what an edge
 * does whose folder takes no more writes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { apiOf } from '../../support/api.js';
import { assertRefused, whoIs } from '../../support/hostile-world.js';
import { inWorld } from '../../support/in-world.js';
import { send, signIn } from '../../support/oauth-client.js';
import { runPostern } from '../../support/processes.js';
import { callbackUrl, ticketUrl } from '../../support/sign-in-steps.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { Visitor } from '../../support/visitor.js';
import type { World } from '../../support/world.js';

const root = temporaryFolder('state');

/** Kills the edge, starts it again, and waits for the agent. */
async function restart(world: World): Promise<void> {
  await world.edge.kill();
  const mark = world.agent.mark();
  await world.startEdge();
  await world.agent.record(({ event }) => event === 'online', mark);
}

async function signOut(world: World, visitor: Visitor) {
  return visitor.press(await visitor.open(`${world.url}/.postern/sign_out`));
}

const cookieOf = (visitor: Visitor, url: string) => visitor.jar.header(new URL(url));

async function statusWith(world: World, cookie: string): Promise<number> {
  return (await world.visitor().bare(`${world.url}/`, { headers: { cookie } })).status;
}

describe('an edge with a state folder that is killed and started again', () => {
  const folder = join(root, 'kept');
  const { world } = inWorld({
    manyAddresses: true,
    edgeEnv: { POSTERN_STATE_DIR: folder, POSTERN_AGENTS: '@acme.com' },
  });

  test('X1 knows whom it has signed out, and who is still signed in', async () => {
    const [ana, bob] = [await world.signedIn('ana'), await world.signedIn('bob')];
    const kept = cookieOf(ana, world.url);
    await signOut(world, ana);
    assert.equal(await statusWith(world, kept), 401);
    await restart(world);
    assert.equal(await statusWith(world, kept), 401);
    assert.equal(await statusWith(world, cookieOf(bob, world.url)), 200);
    const mark = world.agent.mark();
    await world.edge.terminate();
    await world.startEdge();
    await world.agent.record(({ event }) => event === 'online', mark);
    assert.equal(await statusWith(world, kept), 401, 'after an orderly end too');
  });

  test('X1 knows whom its owners have let in and shut out', async () => {
    const api = await apiOf(world);
    const grants = (rule: string) => `/tunnels/demo/grants/${encodeURIComponent(rule)}`;
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    const bob = await world.signedIn('bob');
    assert.equal((await api('PUT', grants('eve@elsewhere.test'), { effect: 'allow' })).status, 200);
    assert.equal((await api('PUT', grants('bob@acme.com'), { effect: 'deny' })).status, 200);
    await restart(world);
    assert.equal((await eve.fetch(`${world.url}/`)).status, 200);
    assert.equal((await bob.fetch(`${world.url}/`)).status, 403);
    for (const rule of ['eve@elsewhere.test', 'bob@acme.com'])
      assert.equal((await api('DELETE', grants(rule))).status, 204);
    await restart(world);
    assert.equal((await eve.fetch(`${world.url}/`)).status, 403);
    assert.equal((await bob.fetch(`${world.url}/`)).status, 200);
  });

  test('X1 knows which sign-ins of agents have ended', async () => {
    const own = world.agent;
    const tokens = await signIn(world);
    await send(world, '/oauth2/revoke', { token: tokens.refresh_token ?? '' });
    await restart(world);
    const agent = await world.offer({ name: 'anas', token: tokens.access_token });
    assert.deepEqual(await agent.exited, { code: 4, signal: null });
    assert.equal(agent.records().at(-1)?.['code'], 'ERR_TOKEN_INVALID');
    const renewed = await send(world, '/oauth2/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
    });
    assert.deepEqual([renewed.status, renewed.body['error']], [400, 'invalid_grant']);
    world.agent = own;
  });

  test('X2 redeems no ticket a second time', async () => {
    const visitor = world.visitor();
    const ticket = await ticketUrl(visitor, `${world.url}/`, 'ana');
    const headers = { cookie: cookieOf(visitor, ticket) };
    assert.equal((await visitor.navigate(ticket)).headers.location, '/');
    await restart(world);
    const mark = world.edge.mark();
    const again = await world.visitor().navigate(ticket, { headers });
    assert.ok(again.headers.location?.startsWith(`${world.base}/oauth2/failed?`), again.headers.location);
    const refused = await world.edge.record(({ code }) => code === 'ERR_LOGIN_FAILED', mark);
    assert.match(JSON.stringify(refused), /was already presented/);
  });

  test('X2 finishes no sign-in a second time', async () => {
    const visitor = world.visitor();
    const callback = await callbackUrl(visitor, `${world.url}/`, 'ana');
    const headers = { cookie: cookieOf(visitor, callback) };
    assert.equal((await visitor.navigate(callback)).status, 200);
    await restart(world);
    const mark = world.edge.mark();
    assertRefused(await world.visitor().navigate(callback, { headers }));
    const refused = await world.edge.record(({ code }) => code === 'ERR_LOGIN_FAILED', mark);
    assert.match(JSON.stringify(refused), /the state was already used/);
  });

  test('X3 has nothing in its folder that opens a door, and the folder is closed to others', async () => {
    const visitor = world.visitor();
    const callback = await callbackUrl(visitor, `${world.url}/`, 'ana');
    const secrets = ['code', 'state'].map((name) => new URL(callback).searchParams.get(name) ?? '');
    secrets.push(...cookieOf(visitor, callback).split('; '));
    const handOff = await visitor.navigate(callback);
    secrets.push(/ticket=([\w.~-]{40,})/.exec(handOff.text)?.[1] ?? 'no ticket was found');
    await world.signIn(visitor, 'ana');
    for (const url of [world.url, world.base]) secrets.push(...cookieOf(visitor, url).split('; '));
    const tokens = await signIn(world);
    secrets.push(tokens.access_token, tokens.refresh_token ?? '', await world.token());
    await signOut(world, visitor);
    const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    assert.deepEqual(names, ['journal']);
    const text = readFileSync(join(folder, 'journal'), 'utf8');
    assert.match(text, /"ended-sign-in:.*"|"redeemed:.*"/);
    for (const secret of [...secrets, world.secret, 'client-secret']) {
      const value = secret.slice(secret.indexOf('=') + 1);
      assert.ok(value.length > 8 && !text.includes(value), value);
    }
    assert.deepEqual([statSync(folder).mode & 0o777, statSync(join(folder, 'journal')).mode & 0o777], [0o700, 0o600]);
  });

  test('X3 says which store it has', async () => {
    const line = await world.edge.record(({ store }) => store !== undefined);
    assert.deepEqual([line['store'], line['path']], ['folder', folder]);
  });

  test('X4 lets no second edge use its folder, and goes on', async () => {
    const { exit, stderr } = await runPostern(['edge'], world.edgeEnv());
    assert.equal(exit.code, 2);
    assert.match(stderr, /^postern: POSTERN_STATE_DIR: ".*kept" is in use by another process/);
    assert.equal(stderr.trim().split('\n').length, 1);
    await world.signedIn('ana');
  });

  for (const [what, words, spoil] of [
    ['a newer version', /is of a newer Postern/, 'newer'],
    ['another program', /is not the journal of a state folder/, 'foreign'],
    ['several users', /can be opened by other users/, 'open'],
  ] as const) {
    test(`X4 does not start on a folder of ${what}, and leaves it as it is`, async () => {
      const path = join(root, spoil);
      mkdirSync(path, { mode: 0o700 });
      const json = '{"format":"postern-state","version":2}';
      const newer = `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
      const journal = spoil === 'foreign' ? 'a journal of mine\n' : newer;
      writeFileSync(join(path, 'journal'), journal, { mode: 0o600 });
      if (spoil === 'open') chmodSync(path, 0o755);
      const { exit, stderr } = await runPostern(['edge'], { ...world.edgeEnv(), POSTERN_STATE_DIR: path });
      assert.equal(exit.code, 2);
      assert.match(stderr, words);
      assert.equal(stderr.trim().split('\n').length, 1);
      assert.equal(readFileSync(join(path, 'journal'), 'utf8'), journal);
    });
  }
});

describe('an edge whose state folder takes no more writes', () => {
  const folder = join(root, 'full');
  const { world } = inWorld({ manyAddresses: true, edgeEnv: { POSTERN_STATE_DIR: folder } });

  /** Bounds the size of every file that the edge writes: to write past it fails, as on a full disk. */
  function limitFiles(bytes: number | 'unlimited'): void {
    execFileSync('prlimit', [`--pid=${world.edge.pid}`, `--fsize=${bytes}:unlimited`]);
  }

  test('X5 serves whom it knows, and signs nobody in or out until it can remember it', async () => {
    const ana = await world.signedIn('ana');
    const kept = cookieOf(ana, world.url);
    const bob = world.visitor();
    const callback = await callbackUrl(bob, `${world.url}/`, 'bob');
    const late = world.visitor();
    const ticket = await ticketUrl(late, `${world.url}/`, 'ana');
    limitFiles(statSync(join(folder, 'journal')).size + 10);

    assert.equal(await statusWith(world, kept), 200);
    const refused = await bob.navigate(callback);
    assert.deepEqual([refused.status, refused.headers['postern-error']], [503, 'ERR_STORE_UNAVAILABLE']);
    const failed = await late.navigate((await late.navigate(ticket)).headers.location ?? '');
    assert.deepEqual([failed.status, failed.headers['postern-error']], [503, 'ERR_STORE_UNAVAILABLE']);
    const notOut = await signOut(world, ana);
    assert.deepEqual([notOut.status, notOut.headers['postern-error']], [503, 'ERR_STORE_UNAVAILABLE']);
    assert.equal(await whoIs(ana, world.url), 'ana@acme.com', 'who was told so');
    const logged = await world.edge.record(({ msg }) => /the state folder cannot be written/.test(String(msg)));
    assert.deepEqual([logged['level'], logged['code']], ['error', 'EFBIG']);

    limitFiles('unlimited');
    assert.equal((await bob.navigate(callback)).status, 200, 'the same sign-in goes on');
    assert.equal((await late.navigate(ticket)).headers.location, '/');
    assert.equal((await signOut(world, ana)).url, `${world.base}/oauth2/signed_out`);
    assert.equal(await statusWith(world, kept), 401);
    await restart(world);
    assert.equal(await statusWith(world, kept), 401);
  });
});

describe('an edge without a state folder', () => {
  const { world } = inWorld();

  test('says at its start what a restart forgets', async () => {
    const line = await world.edge.record(({ store }) => store === 'memory');
    assert.match(String(line['msg']), /a restart forgets sign-outs.*POSTERN_STATE_DIR/);
  });
});
