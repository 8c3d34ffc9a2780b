/** Sessions that run out: by their absolute limit, and because the visitor stays away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { whoIs } from '../../support/hostile-world.js';
import { inWorld } from '../../support/in-world.js';
import { JUMPING, jump } from '../../support/jumps.js';
import { isWhole } from '../../support/moments.js';
import { overEach } from '../../support/versions.js';

const closeCode = (socket: { once(event: 'close', then: (code: number) => void): unknown }) =>
  new Promise<number>((resolve) => socket.once('close', resolve));

describe('sessions that run out', () => {
  const { world } = inWorld({
    manyAddresses: true,
    edgeEnv: { ...JUMPING, POSTERN_SESSION_TTL: '150m', POSTERN_SESSION_IDLE: '90m' },
  });

  overEach(world, (version) => {
    test('D8 what is open is cut when the session has run out, and the next request signs in again', async (t) => {
      const visitor = await world.signedIn('ana');
      const socket = await visitor.socket(`${world.url}/ws`);
      const closed = closeCode(socket);
      const events = await visitor.stream(`${world.url}/sse?key=run-out-${version.at(-1)}`);
      await once(events.body, 'data');
      const upload = visitor.fetch(`${world.url}/held?key=never`);
      upload.catch(() => {}); // looked at below
      await world.target.event('request', '/held?key=never');
      await jump(world.edge, 'ahead', 3);
      t.after(() => jump(world.edge, 'back', 3));
      assert.deepEqual([await closed, await isWhole(events)], [1008, false]);
      await assert.rejects(upload);
      assert.equal((await visitor.fetch(`${world.url}/`)).status, 401);
      assert.equal((await visitor.navigate(`${world.url}/`)).status, 302);
      assert.equal(await whoIs(visitor, world.base), undefined);
    });
  });

  test('D8 a visitor who stays does not outlive the absolute limit', async () => {
    const visitor = await world.signedIn('bob');
    for (const status of [200, 200, 401]) {
      await jump(world.edge, 'ahead');
      assert.equal((await visitor.fetch(`${world.url}/`)).status, status);
    }
  });
});
