/**
 * Faults of processes: killed, stopped, out of files, out of disk, with a clock that jumps. What breaks says so, what is
 * told is true, and all of it comes back without anybody doing anything. Faults of the network are in n-network.test.ts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import * as faults from '../../support/fault-checks.js';
import { inWorld } from '../../support/in-world.js';
import { JUMPING, jump } from '../../support/jumps.js';
import { startMoments } from '../../support/moments.js';
import { type Line, POSTERN, Program } from '../../support/processes.js';
import { callbackUrl } from '../../support/sign-in-steps.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld } from '../../support/world.js';

describe('a process that is killed, stopped or out of something', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let eve: Visitor;

  before(async () => {
    eve = world.visitor();
    assert.equal((await eve.signIn(`${world.url}/`, 'eve')).status, 403);
  });

  test('N1 the agent is killed: answers break, requests without an answer get 502, new ones 503 until it is back', async () => {
    const moments = await startMoments(world.url, world.target, ana);
    await world.agent.kill();
    await faults.assertBroken(moments);
    await faults.assertResponses(moments, 502, 'ERR_LINK_LOST');
    await world.edge.record(({ event }) => event === 'tunnel-down');
    await faults.assertOffline(world, { ana, eve });
    await world.startAgent();
    assert.equal((await ana.fetch(`${world.url}/back`)).status, 200);
  });

  test('N2 the edge is killed: everything breaks, the agent is back within two seconds, nobody signs in again', async () => {
    const moments = await startMoments(world.url, world.target, ana);
    await world.edge.kill();
    await faults.assertBroken(moments);
    for (const response of Object.values(moments.pending)) await assert.rejects(response);
    await assert.rejects(ana.fetch(`${world.url}/`), { code: 'ECONNREFUSED' });
    const mark = world.agent.mark();
    // As long as it takes for the waits between two attempts to be at their longest.
    await world.agent.line(() => world.agent.records(mark).filter(({ event }) => event === 'offline').length >= 6);
    await faults.assertBackInTime(world);
    const response = await ana.navigate(`${world.url}/still/signed/in`);
    assert.equal(response.status, 200);
    assert.deepEqual(response.setCookies, []);
    faults.assertError(await eve.navigate(`${world.url}/`), 403, 'ERR_ACCESS_DENIED');
  });

  test('N9 the provider is gone between the start of a sign-in and its callback: 503, and a way to try again', async () => {
    const visitor = world.visitor();
    const callback = await callbackUrl(visitor, `${world.url}/deep`, 'ana');
    await world.provider.kill();
    const page = await visitor.navigate(callback);
    faults.assertError(page, 503, 'ERR_PROVIDER_UNAVAILABLE');
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

  test('N9 the provider is gone before the edge has met it: sessions go on, sign-in gives 503 until it is there', async () => {
    await world.provider.kill();
    await world.edge.kill();
    await faults.assertBackInTime(world);
    assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
    const visitor = world.visitor();
    const page = await visitor.open(`${world.url}/deep`);
    faults.assertError(page, 503, 'ERR_PROVIDER_UNAVAILABLE');
    assert.match(page.text, /<!doctype html>/i);
    await world.startProvider();
    assert.equal((await visitor.signIn(`${world.url}/deep`, 'ana')).status, 200);
  });

  test('N3 an agent that is stopped is noticed within fifteen seconds, and taken back when it wakes', async () => {
    const waiting = ana.fetch(`${world.url}/held?key=asleep`);
    await world.target.event('request', '/held?key=asleep');
    // Not at a tick of the pings: the silence begins right after another sign of life.
    await ana.fetch(`${world.url}/alive`);
    const before = world.edge.mark();
    world.agent.signal('SIGSTOP');
    await world.edge.record(({ event }) => event === 'tunnel-down', before); // how soon: N3 in unit/link/liveness.test.ts
    faults.assertError(await waiting, 502, 'ERR_LINK_LOST');
    faults.assertError(await ana.navigate(`${world.url}/`), 503, 'ERR_TUNNEL_OFFLINE');
    const mark = world.agent.mark();
    world.agent.signal('SIGCONT');
    await world.agent.record(({ event }) => event === 'online', mark);
    assert.equal((await ana.navigate(`${world.url}/`)).status, 200);
  });

  test('N12 a full disk under the audit file is told, and nobody is let in or kept out because of it', async () => {
    await world.edge.kill();
    await faults.assertBackInTime(world, { POSTERN_AUDIT_LOG: '/dev/full' });
    const bob = await world.signedIn('bob');
    faults.assertError(await world.visitor().signIn(`${world.url}/`, 'eve'), 403, 'ERR_ACCESS_DENIED');
    assert.equal((await bob.fetch(`${world.url}/`)).status, 200);
    const isTold = ({ option }: Line) => option === 'POSTERN_AUDIT_LOG';
    await world.edge.record(isTold);
    const told = world.edge.records().filter(isTold);
    assert.deepEqual(
      told.map(({ level, code }) => [level, code]),
      [['error', 'ENOSPC']],
    );
    // Sessions are on no disk: they outlive the process as long as its secret.
    await world.edge.kill();
    await faults.assertBackInTime(world);
    assert.equal((await bob.fetch(`${world.url}/`)).status, 200);
  });

  test('N11 an edge without free file descriptors keeps what it has, and takes visitors again afterwards', async (t) => {
    await world.edge.kill();
    const mark = world.agent.mark();
    const edge = new Program({
      name: 'edge with few files',
      command: '/bin/sh',
      script: '-c',
      args: ['ulimit -n 256; exec "$0" "$@"', process.execPath, POSTERN, 'edge'],
      env: world.edgeEnv(),
    });
    t.after(() => edge.kill());
    await edge.record(({ msg }) => msg === 'edge up');
    await world.agent.record(({ event }) => event === 'online', mark);
    assert.equal((await ana.fetch(`${world.url}/before`)).status, 200); // on a connection that stays
    const flood = await dialMany(world.port, 500);
    const turnedAway = flood.filter((socket) => socket.closed || socket.destroyed);
    assert.ok(turnedAway.length > 100, `${turnedAway.length} of 500 were turned away`);
    assert.equal((await ana.fetch(`${world.url}/during`)).status, 200);
    await leaveAll(flood);
    const bob = world.visitor();
    const page = await bob.signIn(`${world.url}/after`, 'bob');
    assert.deepEqual([page.status, page.url], [200, `${world.url}/after`]);
    assert.deepEqual([edge.ended, edge.stderr], [undefined, '']);
  });
});

test('N8 a clock that jumps an hour ahead and back neither ends a link nor a session, nor revives one', async (t) => {
  const world = await startWorld({ edgeEnv: { ...JUMPING, POSTERN_SESSION_IDLE: '90m' }, agentEnv: JUMPING });
  t.after(() => world.close());
  const ana = await world.signedIn('ana');
  const held = ana.fetch(`${world.url}/held?key=clock`);
  await world.target.event('request', '/held');
  for (const program of [world.edge, world.agent]) await jump(program, 'ahead');
  assert.equal((await ana.fetch(`${world.url}/later`)).status, 200);
  for (const program of [world.edge, world.agent]) await jump(program, 'back');
  assert.equal((await ana.fetch(`${world.url}/again`)).status, 200);
  await world.target.release('clock');
  assert.equal((await held).text, 'held');
  assert.deepEqual(
    world.audit().filter(({ event }) => event === 'tunnel-down'),
    [],
  );
  // Past the idle limit the session is over, on the edge's own clock.
  const idle = world.visitor();
  await idle.signIn(`${world.url}/`, 'bob');
  await jump(world.edge, 'ahead', 2);
  assert.equal((await idle.fetch(`${world.url}/idle`)).status, 401);
});

/** Ends connections; resolves when the edge has let go of each, and so of its descriptor. */
async function leaveAll(sockets: readonly Socket[]): Promise<void> {
  const open = sockets.filter((socket) => !socket.closed);
  await Promise.all(open.map((socket) => once(socket.end(), 'close')));
}

/** Opens connections and says nothing on them; resolves when each is either there or turned away. */
async function dialMany(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  // The kernel takes connections for the edge; those that it cannot take over itself are closed.
  await Promise.all(
    sockets.map((socket) => {
      socket.on('error', () => {}); // turned away
      return Promise.race([once(socket, 'close'), once(socket, 'connect')]).catch(() => undefined);
    }),
  );
  await Promise.all(sockets.slice(-50).map((socket) => socket.closed || once(socket, 'close')));
  return sockets;
}
