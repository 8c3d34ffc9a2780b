/** What a person at a terminal sees, and what becomes of a program whose terminal is closed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { POSTERN, Program } from '../../support/processes.js';
import { HAS_PTY, startInTerminal } from '../../support/terminal.js';
import { startWorld } from '../../support/world.js';

const EDGE_ENV = {
  NO_COLOR: '1',
  POSTERN_LISTEN: '127.0.0.1:0',
  POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
  POSTERN_SECRET: 'a secret of thirty-two bytes or more for tests',
  POSTERN_OIDC_ISSUER: 'http://127.0.0.1:9', // asked at start; nobody answers there
  POSTERN_OIDC_CLIENT_ID: 'edge',
  POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
};

describe('at a terminal', { skip: !HAS_PTY }, () => {
  const edge = (...more: readonly string[]) =>
    startInTerminal({
      name: 'edge',
      command: [process.execPath, POSTERN, 'edge', ...more],
      env: EDGE_ENV,
      columns: 60,
    });

  test('an edge says in words what to do next, and ends when its terminal is closed', async (t) => {
    const shown = edge();
    t.after(() => shown.kill());
    await shown.line((line) => line.includes('http://localhost:8080/oauth2/callback'));
    await shown.line((line) => line.includes('postern token create'));
    await shown.line((line) => /^[\d:]{8} info {2}edge up/.test(line));
    assert.deepEqual(shown.records(), []);
    shown.signal('SIGHUP');
    assert.deepEqual(await shown.exited, { code: 0, signal: null });
  });

  test('an edge prints JSON lines where they are asked for', async (t) => {
    const shown = edge('--json');
    t.after(() => shown.kill());
    await shown.record(({ msg }) => msg === 'edge up');
    assert.doesNotMatch(shown.stdout, /oauth2\/callback/);
  });

  test('an agent fits its lines to the terminal, and takes its attempts back when it ends', async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    const ana = await world.signedIn('ana');
    await world.agent.kill();
    const args = ['http', world.target.url, '--edge', world.base, '--name', world.name, '--allow', '@acme.com'];
    const env = { POSTERN_TOKEN: await world.token(), NO_COLOR: '1' };
    const command = [process.execPath, POSTERN, ...args];
    const agent = startInTerminal({ name: 'agent', command, env, columns: 60 });
    t.after(() => agent.kill());
    await agent.line((line) => line.includes(new URL(world.url).host));
    await ana.fetch(`${world.url}/${'long/'.repeat(30)}`);
    const shown = await agent.line((text) => text.includes('/long'));
    const line = shown.replace(/\r|\x1b\[\d*[A-Z]/g, ''); // it takes the place of the keys, on one row or more
    assert.ok(line.trimEnd().length <= 60, line);
    assert.match(line.trimEnd(), /^[\d:]{8} 200 .*…$/);
    await world.edge.kill();
    await agent.line((text) => text.includes('offline') && text.includes(new URL(world.base).host));
    agent.signal('SIGTERM');
    assert.deepEqual(await agent.exited, { code: 0, signal: null });
    assert.ok(agent.stdout.split('nothing listens').length <= 2, 'one cause is told once');
  });
});

test('an edge without a terminal reads its files again on SIGHUP and goes on', async (t) => {
  const edge = new Program({ name: 'edge', script: POSTERN, args: ['edge'], env: EDGE_ENV });
  t.after(() => edge.kill());
  await edge.record(({ msg }) => msg === 'edge up');
  edge.signal('SIGHUP');
  await edge.record(({ signal }) => signal === 'SIGHUP');
  edge.signal('SIGTERM');
  assert.deepEqual(await edge.exited, { code: 0, signal: null });
});
