/** The limits of a demo: only looking, so many people at once, and a time. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { longEnough } from '../../support/long-enough.js';

describe('the limits of a demo', () => {
  const { world } = inWorld({ manyAddresses: true });

  describe('a read-only tunnel', () => {
    const url = () => world.urlOf('dev-read-only');
    const ana = world.visitor();
    before(async () => {
      await world.startAgent({ name: 'dev-read-only', args: ['--read-only'] });
      await world.signIn(ana, 'ana', `${url()}/`);
    });

    test('P18 lets visitors look, and refuses all else at the edge', async () => {
      for (const method of ['GET', 'HEAD', 'OPTIONS'])
        assert.equal((await ana.fetch(`${url()}/seen`, { method })).status, 200, method);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
        const { status, headers } = await ana.fetch(`${url()}/`, { method });
        const said = [status, headers['postern-error'], headers['allow']];
        assert.deepEqual(said, [405, 'ERR_READ_ONLY', 'GET, HEAD, OPTIONS'], method);
      }
      await assert.rejects(ana.socket(`${url()}/ws`), /405/);
      const page = await ana.navigate(`${url()}/form`, { method: 'POST', initiator: url() });
      assert.deepEqual([page.status, /<h1>Only to look at<\/h1>/.test(page.text)], [405, true]);
    });

    test('P18 the owner too, and a stranger is not told', async () => {
      const dev = await world.signedIn('dev', `${url()}/`);
      assert.equal((await dev.fetch(`${url()}/`, { method: 'POST' })).status, 405);
      const stranger = await world.visitor().bare(`${url()}/`, { method: 'POST' });
      assert.deepEqual([stranger.status, stranger.headers['postern-error']], [401, 'ERR_LOGIN_REQUIRED']);
    });
  });

  describe('a tunnel for so many people at once', () => {
    const url = () => world.urlOf('dev-few');
    const ana = world.visitor();
    before(async () => {
      await world.startAgent({ name: 'dev-few', args: ['--viewers', '1'] });
      await world.signIn(ana, 'ana', `${url()}/`);
    });

    test('P19 shows a page to one more, which looks again, and always lets its owner in', async () => {
      assert.equal((await ana.navigate(`${url()}/`)).status, 200);
      const bob = world.visitor();
      await bob.signIn(`${url()}/`, 'bob');
      const page = await bob.navigate(`${url()}/`);
      assert.deepEqual(
        [page.status, page.headers['postern-error'], page.headers['retry-after']],
        [503, 'ERR_TUNNEL_FULL', '10'],
      );
      assert.match(page.text, /<meta http-equiv="refresh" content="10">/);
      const json = await bob.fetch(`${url()}/`);
      assert.deepEqual([json.status, JSON.parse(json.text).error.retryable], [503, true]);
      await assert.rejects(bob.socket(`${url()}/ws`), /503/);
      const dev = await world.signedIn('dev', `${url()}/`);
      assert.equal((await dev.fetch(`${url()}/`)).status, 200);
      const again = await world.signedIn('ana', `${url()}/`); // the same account on another device
      assert.equal((await again.fetch(`${url()}/`)).status, 200);
      const eve = world.visitor();
      await eve.signIn(`${url()}/`, 'eve');
      assert.equal((await eve.fetch(`${url()}/`)).headers['postern-error'], 'ERR_ACCESS_DENIED');
    });
  });

  describe('a tunnel for a time', () => {
    test('P20 says when it ends, and ends with 0 and a sentence', async () => {
      const { agent, online } = await longEnough(async (time) => {
        const agent = await world.offer({ name: 'dev-demo', args: ['--for', time] });
        await agent.record(({ event }) => event === 'online' || event === 'over');
        const online = agent.records().find(({ event }) => event === 'online');
        return online && { agent, online };
      });
      assert.match(String(online['endsAt']), /^20\d\d-.*Z$/);
      const over = await agent.record(({ event }) => event === 'over');
      assert.match(String(over['message']), /time of this tunnel .* over/);
      assert.deepEqual(await agent.exited, { code: 0, signal: null });
      const { status } = await world.visitor().bare(`${world.urlOf('dev-demo')}/`);
      assert.equal(status, 401); // as where there is no tunnel
    });

    test('P20 wrong limits are refused before anything starts', async () => {
      for (const args of [
        ['--for', 'soon'],
        ['--viewers', '0'],
        ['--viewers', '1001'],
        ['--viewers', 'many'],
      ]) {
        const agent = await world.offer({ name: 'dev-wrong', args });
        assert.equal((await agent.exited).code, 2, args.join(' '));
      }
    });
  });
});
