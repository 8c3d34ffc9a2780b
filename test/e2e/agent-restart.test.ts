/** An agent that is stopped and started again while a request runs: Ctrl-C and arrow-up, a restart by systemd. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

describe('an agent that is stopped while a request runs', () => {
  let world: World;
  let ana: Visitor;

  before(async () => {
    world = await startWorld();
    ana = await world.signedIn('ana');
  });
  after(async () => world?.close());

  test('gives its name to the next agent of its owner at once, and to no other owner', async () => {
    const stopped = world.agent;
    const held = ana.fetch(`${world.url}/held?key=stopped`);
    await world.target.event('request', '/held?key=stopped');
    stopped.signal('SIGINT');
    await stopped.complaint('finishing');

    const stranger = await world.offer({ token: await world.token({ owner: 'bob@acme.com' }) });
    assert.deepEqual(await stranger.exited, { code: 4, signal: null });
    assert.equal(stranger.records().at(-1)?.['code'], 'ERR_NAME_TAKEN');

    const mark = world.edge.mark();
    const next = await world.startAgent();
    assert.equal((await ana.fetch(`${world.url}/new`)).status, 200);
    assert.equal(stopped.ended, undefined, 'the request still runs on the old link');

    await world.target.release('stopped');
    assert.equal((await held).text, 'held');
    assert.deepEqual(await stopped.exited, { code: 130, signal: null });
    // The end of the old link is not the end of the tunnel.
    assert.equal((await ana.fetch(`${world.url}/still`)).status, 200);
    assert.equal(next.ended, undefined);
    const seen = world.audit(mark).map(({ event }) => event);
    assert.deepEqual([seen.filter((event) => event === 'tunnel-up').length, seen.includes('tunnel-down')], [1, false]);
  });
});
