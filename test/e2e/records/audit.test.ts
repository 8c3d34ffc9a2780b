/** An edge that must record who comes in, and one whose reader of the output has gone. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askAdmin, until } from '../../support/admin.js';
import { assertError } from '../../support/fault-checks.js';
import { notAsTwo } from '../../support/nodes/as-two.js';
import { startWorld } from '../../support/world.js';

describe('the audit', { skip: notAsTwo('it is about the output of one process') }, () => {
  test('V5 an edge that must record who comes in lets nobody in while it cannot', async (t) => {
    const world = await startWorld({ edgeEnv: { POSTERN_AUDIT_LOG: '/dev/full', POSTERN_AUDIT: 'require' } });
    t.after(() => world.close());
    const stranger = world.visitor();
    await until(async () => (await askAdmin(world, '/readyz'))[0] === 503);
    assertError(await stranger.fetch(`${world.url}/`), 503, 'ERR_AUDIT_UNAVAILABLE');
    assertError(await stranger.fetch(`${world.base}/oauth2/start?rd=/`), 503, 'ERR_AUDIT_UNAVAILABLE');
    const agent = await world.offer({ name: 'dev-late' });
    const refused = await agent.record(({ event }) => event === 'offline');
    assert.equal(refused['code'], 'ERR_AUDIT_UNAVAILABLE');
    assert.equal((await askAdmin(world, '/healthz'))[0], 200);
  });

  test('V5 what could not be recorded for a while is recorded in the end, and then visitors come in again', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-audit-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'audit');
    execFileSync('mkfifo', [path]);
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    t.after(() => closeSync(pipe));
    const world = await startWorld({ edgeEnv: { POSTERN_AUDIT_LOG: path, POSTERN_AUDIT: 'require' } });
    t.after(() => world.close());
    const ana = await world.signedIn('ana');
    const eve = world.visitor();
    await eve.signIn(`${world.base}/`, 'eve');
    drain(pipe);
    fill(pipe);
    // The first of its kind: those that are alike are one line a minute later.
    const denied = await eve.open(`${world.url}/`);
    assertError(denied, 403, 'ERR_ACCESS_DENIED');
    await until(async () => (await ana.fetch(`${world.url}/`)).status === 503);
    assert.equal((await askAdmin(world, '/readyz'))[0], 503);
    const first = drain(pipe); // the edge may write as soon as there is room, while this still reads
    await until(async () => (await ana.fetch(`${world.url}/`)).status === 200);
    assert.ok((first + drain(pipe)).includes(String(denied.headers['x-request-id'])));
  });

  test('V6 an edge whose reader has gone says so where it can be seen, and goes on', async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    const ana = await world.signedIn('ana');
    world.edge.stopReading();
    world.agent.stopReading();
    await ana.fetch(`${world.url}/`);
    await world.edge.complaint('EPIPE');
    await world.agent.complaint('EPIPE');
    const [status, health] = await askAdmin(world, '/healthz');
    assert.equal(status, 200);
    assert.match(health, /^ok\nlog: its reader has gone\n/);
    assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
    assert.equal(world.edge.stderr.split('EPIPE').length, 2, 'it is said once');
  });
});

/** Takes all that is in a pipe. */
function drain(pipe: number): string {
  const piece = Buffer.alloc(65_536);
  let all = '';
  try {
    for (;;) all += piece.toString('utf8', 0, readSync(pipe, piece));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  return all;
}

/** Leaves no room in a pipe, not for one byte. */
function fill(pipe: number): void {
  for (const size of [4_096, 1]) {
    try {
      for (;;) writeSync(pipe, ' '.repeat(size));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
  }
}
