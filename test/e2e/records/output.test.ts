/** Output never stops traffic: readers that stop. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askAdmin, until } from '../../support/admin.js';
import { POSTERN } from '../../support/processes.js';
import { HAS_PTY, startInTerminal } from '../../support/terminal.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld, type World } from '../../support/world.js';

// So many requests write more than pipes hold, several times over.
const MAX_TRIES = 20_000;

describe('output', () => {
  test('V4 an edge whose output nobody reads goes on, says so at /healthz, and loses nothing that fits', async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    const ana = await world.signedIn('ana');
    const mark = world.edge.mark();
    world.edge.hold();
    let asked = 0;
    while (!(await askAdmin(world, '/healthz'))[1].includes('log: its reader has stopped')) {
      assert.ok(++asked < MAX_TRIES, 'the pipe was never full');
      assert.equal((await ana.fetch(`${world.url}/${'x'.repeat(900)}`)).status, 200);
    }
    assert.equal((await ana.fetch(`${world.url}/last`)).status, 200);
    world.edge.release();
    await world.edge.record(({ path }) => path === '/last', mark);
    const told = world.edge
      .records(mark)
      .filter(({ msg, path }) => msg === 'request' && String(path).startsWith('/xxx'));
    assert.equal(told.length, asked);
  });

  test('V4 an agent whose output nobody reads goes on', async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    const ana = await world.signedIn('ana');
    const { agent } = world;
    agent.hold();
    for (let asked = 0; asked < 250; asked++) {
      assert.equal((await ana.fetch(`${world.url}/${'x'.repeat(900)}`)).status, 200);
    }
    assert.equal((await ana.fetch(`${world.url}/last`)).status, 200);
    agent.release();
    await agent.record(({ path }) => path === '/last');
  });

  for (const [what, command] of [
    ['an edge', ['edge']],
    ['an agent', ['http']],
  ] as const) {
    test(`V4 a terminal that is held by Ctrl-S does not stop ${what}, nor its end`, { skip: !HAS_PTY }, async (t) => {
      const world = await startWorld();
      t.after(() => world.close());
      const isEdge = command[0] === 'edge';
      await (isEdge ? world.edge : world.agent).kill();
      const args = isEdge ? command : [...command, world.target.url, '--edge', world.base, '--name', world.name];
      const env = isEdge ? world.edgeEnv() : { POSTERN_TOKEN: await world.token() };
      const held = startInTerminal({
        name: `${what} in a terminal`,
        command: [process.execPath, POSTERN, ...args, ...(isEdge ? [] : ['--allow', '@acme.com'])],
        env,
        mark: new URL(isEdge ? world.base : world.url).host,
        key: '\x13',
        unread: true,
      });
      t.after(() => held.kill());
      await held.record(({ pressed }) => pressed === true);
      const visitor = world.visitor();
      await signInWhenUp(world, visitor);
      for (let asked = 0; asked < 30; asked++) {
        assert.equal((await visitor.fetch(`${world.url}/${'x'.repeat(900)}`)).status, 200);
      }
      if (isEdge) assert.equal((await askAdmin(world, '/healthz'))[0], 200);
      held.signal('SIGTERM');
      assert.deepEqual(await held.exited, { code: 0, signal: null });
    });
  }
});

/** Signs in as soon as edge and agent are both there. */
async function signInWhenUp(world: World, visitor: Visitor): Promise<void> {
  await until(async () => {
    try {
      const page = await visitor.signIn(`${world.url}/`, 'ana');
      return page.status === 200;
    } catch {
      return false; // the edge does not listen yet
    }
  });
}
