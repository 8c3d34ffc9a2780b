/** Access that the owner of a tunnel gives and takes while it runs, through the API. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { longEnough, unlessRefused } from '../../support/long-enough.js';
import { isWhole } from '../../support/moments.js';
import type { Visitor } from '../../support/visitor.js';

const EVE = 'eve@elsewhere.test';

const closeCode = (socket: { once(event: 'close', then: (code: number) => void): unknown }) =>
  new Promise<number>((resolve) => socket.once('close', resolve));

describe('access that is given and taken while a tunnel runs', () => {
  const { world } = inWorld({ manyAddresses: true });
  const grants = (rule: string) => `/tunnels/demo/grants/${encodeURIComponent(rule)}`;
  const statusOf = async (visitor: Visitor) => (await visitor.fetch(`${world.url}/`)).status;

  test('Y1 a person who is let in is in with the next request, and out again when it is taken back', async () => {
    const api = await apiOf(world);
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    assert.equal(await statusOf(eve), 403);
    const granted = await api('PUT', grants(EVE), { effect: 'allow' });
    assert.deepEqual(
      [granted.status, granted.body['effect'], granted.body['by'], granted.body['expires_at']],
      [...[200, 'allow', 'dev@acme.com', null]],
    );
    assert.equal(await statusOf(eve), 200);
    assert.equal((await api('DELETE', grants(EVE))).status, 204);
    assert.equal(await statusOf(eve), 403);
    assert.equal((await api('DELETE', grants(EVE))).status, 404);
  });

  test('Y2 a person who is shut out loses what is open, on this tunnel, whatever its rules say', async () => {
    const api = await apiOf(world);
    const bob = await world.signedIn('bob');
    const ana = await world.signedIn('ana');
    const anas = await ana.socket(`${world.url}/ws`);
    const socket = await bob.socket(`${world.url}/ws`);
    const closed = closeCode(socket);
    const events = await bob.stream(`${world.url}/sse?key=shut-out`);
    await once(events.body, 'data');
    const upload = bob.fetch(`${world.url}/held?key=shut-out`);
    upload.catch(() => {}); // looked at below
    await world.target.event('request', '/held?key=shut-out');
    assert.equal((await api('PUT', grants('bob@acme.com'), { effect: 'deny' })).status, 200);
    assert.deepEqual([await closed, await isWhole(events)], [1008, false]);
    await assert.rejects(upload);
    assert.equal(await statusOf(bob), 403);
    assert.equal(await statusOf(ana), 200);
    assert.equal(anas.readyState, anas.OPEN);
    await api('DELETE', grants('bob@acme.com'));
    assert.equal(await statusOf(bob), 200);
  });

  test('Y3 a grant for a time ends by itself, with what is open', async () => {
    const api = await apiOf(world);
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    const socket = await longEnough(async (time) => {
      await api('PUT', grants(EVE), { effect: 'allow', for: time });
      return unlessRefused(eve.socket(`${world.url}/ws`));
    });
    assert.equal(await closeCode(socket), 1008);
    assert.equal(await statusOf(eve), 403);
    assert.deepEqual((await api('GET', '/tunnels/demo')).body['grants'], []);
  });
});
