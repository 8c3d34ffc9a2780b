/**
 * Processes that die at the worst moment: the answer and its code each time, and how everything comes back. An answer
 * that cannot be finished is broken and never short.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { readForms } from '../support/forms.js';
import { isWhole, type Moments, startMoments } from '../support/moments.js';
import { startTargetProcess, type TargetProcess } from '../support/target-remote.js';
import { type Answer, RefusedUpgrade, type Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

// The one number here that is a promise: the agent is back within so long of the edge's return.
const BACK_WITHIN_MS = 2_000;
// And so is this one: a dead link is noticed within so long.
const NOTICED_WITHIN_MS = 15_000;

describe('faults', { concurrency: true }, () => {
  describe('a process is killed', { concurrency: 1 }, () => {
    let world: World;
    let ana: Visitor;
    let eve: Visitor;
    /** The world's own, then the one that was started in its place. */
    let target: TargetProcess;

    before(async () => {
      world = await startWorld();
      target = world.target;
      ana = await world.signedIn('ana');
      eve = world.visitor();
      assert.equal((await eve.signIn(`${world.url}/`, 'eve')).status, 403);
    });
    after(async () => {
      await target?.close();
      await world?.close();
    });

    test('the agent: answers break, requests without an answer get 502, new ones 503 until it is back', async () => {
      const moments = await startMoments(world.url, target, ana);
      await world.agent.kill();
      await assertBroken(moments);
      await assertAnswers(moments, 502, 'ERR_LINK_LOST');
      await world.edge.record(({ event }) => event === 'tunnel-down');
      await assertOffline(world, { ana, eve });
      await world.startAgent();
      assert.equal((await ana.fetch(`${world.url}/back`)).status, 200);
    });

    test('the target: answers break, requests without an answer get 502, new ones too until it is back', async () => {
      await target.forget();
      const moments = await startMoments(world.url, target, ana);
      await target.program.kill();
      await assertBroken(moments);
      await assertAnswers(moments, 502, 'ERR_TARGET_REFUSED');
      for (const answer of [await ana.fetch(`${world.url}/`), await ana.fetch(`${world.url}/`, { method: 'POST' })]) {
        assertError(answer, 502, 'ERR_TARGET_REFUSED');
      }
      await assertRefusedUpgrade(ana, world, 502, 'ERR_TARGET_REFUSED');
      target = await startTargetProcess({ port: target.port });
      assert.equal((await ana.fetch(`${world.url}/back`)).status, 200);
    });

    test('the edge: everything breaks, the agent is back within two seconds, nobody signs in again', async () => {
      const moments = await startMoments(world.url, target, ana);
      await world.edge.kill();
      await assertBroken(moments);
      for (const answer of Object.values(moments.pending)) await assert.rejects(answer);
      await assert.rejects(ana.fetch(`${world.url}/`), { code: 'ECONNREFUSED' });
      const mark = world.agent.mark();
      // As long as it takes for the waits between two attempts to be at their longest.
      await world.agent.line(() => world.agent.records(mark).filter(({ event }) => event === 'offline').length >= 6);
      await assertBackInTime(world);
      const answer = await ana.navigate(`${world.url}/still/signed/in`);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.setCookies, []);
      assertError(await eve.navigate(`${world.url}/`), 403, 'ERR_ACCESS_DENIED');
    });

    test('the edge, again and again: the agent is back in time each time', async () => {
      for (let round = 0; round < 3; round++) {
        await world.edge.kill();
        await assertBackInTime(world);
        assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
      }
    });

    test('agent and edge: whoever was let in before still hears that the tunnel is offline, others do not', async () => {
      await world.agent.kill();
      await world.edge.kill();
      await world.startEdge();
      await assertOffline(world, { ana, eve });
      const bob = world.visitor();
      assertError(await bob.signIn(`${world.url}/`, 'bob'), 403, 'ERR_ACCESS_DENIED');
      await world.startAgent();
      assert.equal((await bob.navigate(`${world.url}/`)).status, 200);
    });

    test('the edge between the start of a sign-in and its callback: the sign-in goes on', async () => {
      const visitor = world.visitor();
      const chooser = await visitor.open(`${world.url}/deep?x=1%2F2`);
      await world.edge.kill();
      await assertBackInTime(world);
      const page = await visitor.press(chooser, ['account', 'ana']);
      assert.deepEqual([page.status, page.url], [200, `${world.url}/deep?x=1%2F2`]);
    });

    test('the agent between the start of a sign-in and its callback: the visitor ends at the offline page', async () => {
      const visitor = world.visitor();
      const chooser = await visitor.open(`${world.url}/deep`);
      await world.agent.kill();
      await world.edge.record(({ event, agent }) => event === 'tunnel-down' && agent === lastAgent(world));
      const page = await visitor.press(chooser, ['account', 'ana']);
      assertError(page, 503, 'ERR_TUNNEL_OFFLINE');
      assert.equal(page.url, `${world.url}/deep`);
      await world.startAgent();
      assert.equal((await visitor.navigate(page.url)).status, 200);
    });

    test('the provider between the start of a sign-in and its callback: 503, and a way to try again', async () => {
      const visitor = world.visitor();
      const callback = await reachCallback(visitor, `${world.url}/deep`, 'ana');
      await world.provider.kill();
      const page = await visitor.navigate(callback);
      assertError(page, 503, 'ERR_PROVIDER_UNAVAILABLE');
      assert.match(String(page.headers['retry-after']), /^\d+$/);
      assert.deepEqual(
        visitor.jar.cookies(world.base).filter(({ name }) => name.includes('postern-session')),
        [],
      );
      assert.equal((await ana.fetch(`${world.url}/`)).status, 200, 'whoever is signed in does not notice');

      await world.startProvider();
      const again = /class="act main" href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
      const arrived = await visitor.signIn(new URL(again ?? '', page.url).href, 'ana');
      assert.deepEqual([arrived.status, arrived.url], [200, `${world.url}/deep`]);
    });

    test('the provider before the edge has met it: sessions go on, sign-in gives 503 until it is there', async () => {
      await world.provider.kill();
      await world.edge.kill();
      await assertBackInTime(world);
      assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
      const visitor = world.visitor();
      const page = await visitor.open(`${world.url}/deep`);
      assertError(page, 503, 'ERR_PROVIDER_UNAVAILABLE');
      assert.match(page.text, /<!doctype html>/i);
      await world.startProvider();
      assert.equal((await visitor.signIn(`${world.url}/deep`, 'ana')).status, 200);
    });
  });

  describe('the agent hangs', { concurrency: 1 }, () => {
    let world: World;
    before(async () => {
      world = await startWorld();
    });
    after(async () => world?.close());

    test('the edge notices within fifteen seconds, and takes the agent back when it wakes', async () => {
      const ana = await world.signedIn('ana');
      const waiting = ana.fetch(`${world.url}/held`);
      await world.target.event('request', '/held');
      // Not at a tick of the pings: the silence begins right after another sign of life.
      await ana.fetch(`${world.url}/alive`);
      world.agent.signal('SIGSTOP');
      const stoppedMs = performance.now();
      await world.edge.record(({ event }) => event === 'tunnel-down');
      const noticedMs = performance.now() - stoppedMs;
      assert.ok(noticedMs < NOTICED_WITHIN_MS, `noticed after ${Math.round(noticedMs)} ms`);
      assertError(await waiting, 502, 'ERR_LINK_LOST');
      assertError(await ana.navigate(`${world.url}/`), 503, 'ERR_TUNNEL_OFFLINE');
      const mark = world.agent.mark();
      world.agent.signal('SIGCONT');
      await world.agent.record(({ event }) => event === 'online', mark);
      assert.equal((await ana.navigate(`${world.url}/`)).status, 200);
    });
  });
});

/** Starts the edge again and measures how long its agent takes. */
async function assertBackInTime(world: World): Promise<void> {
  const mark = world.agent.mark();
  await world.startEdge();
  const upMs = performance.now();
  await world.agent.record(({ event }) => event === 'online', mark);
  const backMs = performance.now() - upMs;
  assert.ok(backMs < BACK_WITHIN_MS, `the agent was back after ${Math.round(backMs)} ms`);
}

/** Signs in up to the redirect that leads back to the edge, and gives where it leads. */
async function reachCallback(visitor: Visitor, url: string, account: string): Promise<string> {
  const chooser = await visitor.open(url);
  const [form] = readForms(chooser.text, chooser.url);
  assert.ok(form, chooser.text);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const initiator = new URL(chooser.url).origin;
  let answer = await visitor.navigate(form.action.href, {
    method: 'POST',
    headers,
    body: `account=${account}`,
    initiator,
  });
  for (;;) {
    const next = new URL(answer.headers.location ?? '', answer.url);
    if (next.pathname === '/oauth2/callback') return next.href;
    answer = await visitor.navigate(next.href, { initiator });
  }
}

/** The id of the agent whose tunnel came up last. */
function lastAgent(world: World): unknown {
  return world.audit().findLast(({ event }) => event === 'tunnel-up')?.['agent'];
}

/** Whatever had begun is broken off: nothing looks like a whole answer. */
async function assertBroken({ downloads, socket }: Moments): Promise<void> {
  for (const [name, answer] of Object.entries(downloads)) {
    assert.equal(await isWhole(answer), false, `the ${name} download looks whole`);
  }
  const closed = socket.readyState === socket.CLOSED ? undefined : once(socket, 'close');
  const [code] = (await closed) ?? [1006];
  assert.equal(code, 1006);
}

async function assertAnswers({ pending }: Moments, status: number, code: string): Promise<void> {
  for (const answer of Object.values(pending)) assertError(await answer, status, code);
}

function assertError(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.headers['postern-error']], [status, code], answer.url);
  assert.match(String(answer.headers['cache-control']), /no-store/);
}

async function assertRefusedUpgrade(visitor: Visitor, world: World, status: number, code: string): Promise<void> {
  await assert.rejects(visitor.socket(`${world.url.replace('http', 'ws')}/ws`), (error) => {
    assert.ok(error instanceof RefusedUpgrade, String(error));
    assert.deepEqual([error.status, error.headers['postern-error']], [status, code]);
    return true;
  });
}

/** Without an agent: those who may know that the tunnel exists are told that it is offline, nobody else is. */
async function assertOffline(world: World, { ana, eve }: { ana: Visitor; eve: Visitor }): Promise<void> {
  const url = `${world.url}/deep/link?x=1`;
  const page = await ana.navigate(url);
  assertError(page, 503, 'ERR_TUNNEL_OFFLINE');
  assert.match(String(page.headers['retry-after']), /^\d+$/);
  assert.match(page.text, /<meta http-equiv="refresh" content="\d+">/);
  const fetched = await ana.fetch(url, { method: 'POST', body: 'x' });
  assertError(fetched, 503, 'ERR_TUNNEL_OFFLINE');
  assert.match(String(fetched.headers['retry-after']), /^\d+$/);
  assert.equal((fetched.json() as { error: { retryable: boolean } }).error.retryable, true);
  await assertRefusedUpgrade(ana, world, 503, 'ERR_TUNNEL_OFFLINE');

  for (const refused of [await eve.navigate(url), await eve.fetch(url)]) {
    assertError(refused, 403, 'ERR_ACCESS_DENIED');
    assert.equal(refused.headers['retry-after'], undefined);
    assert.doesNotMatch(refused.text, /http-equiv/);
  }
  await assertRefusedUpgrade(eve, world, 403, 'ERR_ACCESS_DENIED');

  const stranger = world.visitor();
  assert.equal((await stranger.navigate(url)).status, 302);
  assertError(await stranger.fetch(url), 401, 'ERR_LOGIN_REQUIRED');
  await assertRefusedUpgrade(stranger, world, 401, 'ERR_LOGIN_REQUIRED');
}
