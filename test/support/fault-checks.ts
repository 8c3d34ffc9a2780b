/** What a fault looks like from outside: answers that break, the error that new requests get, and the way back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { isWhole, type Moments } from './moments.js';
import { RefusedUpgrade, type Visitor, type VisitorResponse } from './visitor.js';
import type { World } from './world.js';

// A promise: the agent is back within so long of the edge's return. What it waits for is its own wait before the next attempt.
const BACK_WITHIN_MS = 2_000;

/** Starts the edge again: the agent, which has told how long it waits before each attempt, is back with the next one. */
export async function assertBackInTime(world: World, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const mark = world.agent.mark();
  await world.startEdge(env);
  const upMark = world.agent.mark();
  await world.agent.record(({ event }) => event === 'online', mark);
  const offline = (since: number) => world.agent.records(since).filter(({ event }) => event === 'offline');
  // One attempt may have failed just before, and be told of just after.
  assert.ok(offline(upMark).length <= 1, 'attempts failed though the edge was there');
  for (const { retryInMs } of offline(mark)) assert.ok(Number(retryInMs) < BACK_WITHIN_MS, `it waits ${retryInMs} ms`);
}

/** Whatever had begun is broken off: nothing looks like a whole answer. */
export async function assertBroken({ downloads, socket }: Moments): Promise<void> {
  for (const [name, response] of Object.entries(downloads)) {
    assert.equal(await isWhole(response), false, `the ${name} download looks whole`);
  }
  const closed = socket.readyState === socket.CLOSED ? undefined : once(socket, 'close');
  const [code] = (await closed) ?? [1006];
  assert.equal(code, 1006);
}

export async function assertResponses({ pending }: Moments, status: number, code: string): Promise<void> {
  for (const response of Object.values(pending)) assertError(await response, status, code);
}

export function assertError(response: VisitorResponse, status: number, code: string): void {
  assert.deepEqual([response.status, response.headers['postern-error']], [status, code], response.url);
  assert.match(String(response.headers['cache-control']), /no-store/);
}

export async function assertRefusedUpgrade(
  visitor: Visitor,
  world: World,
  status: number,
  code: string,
): Promise<void> {
  await assert.rejects(visitor.socket(`${world.url.replace('http', 'ws')}/ws`), (error) => {
    assert.ok(error instanceof RefusedUpgrade, String(error));
    assert.deepEqual([error.status, error.headers['postern-error']], [status, code]);
    return true;
  });
}

/** Without an agent: those who may know that the tunnel exists are told that it is offline, nobody else is. */
export async function assertOffline(world: World, { ana, eve }: { ana: Visitor; eve: Visitor }): Promise<void> {
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
    assert.doesNotMatch(refused.text, /[Oo]ffline|agent/);
  }
  await assertRefusedUpgrade(eve, world, 403, 'ERR_ACCESS_DENIED');

  const stranger = world.visitor();
  assert.equal((await stranger.navigate(url)).status, 302);
  assertError(await stranger.fetch(url), 401, 'ERR_LOGIN_REQUIRED');
  await assertRefusedUpgrade(stranger, world, 401, 'ERR_LOGIN_REQUIRED');
}
