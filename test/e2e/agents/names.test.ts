/** Whose a name is: of the owner who used it first, whether an agent is connected or not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { knock } from '../../support/knock.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const BOB = { owner: 'bob@acme.com', tunnels: '*' };

describe('the owner of a name', () => {
  const folder = join(temporaryFolder('names'), 'state');
  const { world } = inWorld({ edgeEnv: { POSTERN_STATE_DIR: folder } });

  test('X6 keeps it when the agent has gone, and over a restart of the edge', async () => {
    const token = await world.token(BOB);
    const own = await world.startAgent({ name: 'dev-kept' });
    const mark = world.edge.mark();
    await own.kill();
    await world.edge.record(({ event, tunnel }) => event === 'tunnel-down' && tunnel === 'dev-kept', mark);
    const refused = await world.offer({ name: 'dev-kept', token });
    assert.deepEqual(await refused.exited, { code: 4, signal: null });
    const { code, message } = refused.records().at(-1) ?? {};
    assert.equal(code, 'ERR_NAME_TAKEN');
    assert.match(
      String(message),
      /The name dev-kept belongs to another account until it has been unused for thirty days/,
    );
    assert.doesNotMatch(refused.stdout + refused.stderr, /dev@acme/, 'it does not say whose it is');
    await world.edge.kill();
    await world.startEdge();
    const again = await knock(world, { name: 'dev-kept', token });
    assert.deepEqual(again.outcome, { status: 409, code: 'ERR_NAME_TAKEN' });
    const owner = await knock(world, { name: 'dev-kept', token: await world.token() });
    assert.deepEqual(owner.outcome, { url: world.urlOf('dev-kept') });
    owner.link.terminate();
  });

  test('X7 may hold a hundred names', async () => {
    const token = await world.token({ owner: 'ana@acme.com', tunnels: '*' });
    for (let at = 0; at < 100; at++) {
      const { outcome, link } = await knock(world, { name: `ana-${at}`, token });
      assert.deepEqual(outcome, { url: world.urlOf(`ana-${at}`) });
      link.terminate();
    }
    const refused = await world.offer({ name: 'ana-100', token });
    assert.deepEqual(await refused.exited, { code: 4, signal: null });
    const { code, message } = refused.records().at(-1) ?? {};
    assert.equal(code, 'ERR_LIMIT_REACHED');
    assert.match(String(message), /at most 100 names/);
  });

  test('X8 goes on with it while the edge cannot write, where a new name has to wait', async () => {
    const token = await world.token();
    const agentId = randomUUID();
    const before = await knock(world, { name: 'dev-known', token, agentId });
    const size = statSync(join(folder, 'journal')).size;
    execFileSync('prlimit', [`--pid=${world.edge.pid}`, `--fsize=${size + 10}:unlimited`]);
    const fresh = { name: 'dev-fresh', token };
    assert.deepEqual((await knock(world, fresh)).outcome, { status: 503, code: 'ERR_STORE_UNAVAILABLE' });
    const known = await knock(world, { name: 'dev-known', token, agentId });
    assert.deepEqual(known.outcome, { url: world.urlOf('dev-known') });
    const waiting = await world.offer({ name: 'dev-waiting' });
    const offline = await waiting.record(({ code }) => code === 'ERR_STORE_UNAVAILABLE');
    assert.equal(offline['event'], 'offline');
    execFileSync('prlimit', [`--pid=${world.edge.pid}`, '--fsize=unlimited:unlimited']);
    await waiting.record(({ event }) => event === 'online');
    const later = await knock(world, fresh);
    assert.deepEqual(later.outcome, { url: world.urlOf('dev-fresh') });
    for (const { link } of [before, known, later]) link.terminate();
  });
});
