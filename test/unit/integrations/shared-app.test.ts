/** The tunnel of a dev server's app, where it cannot be opened: it is told once, and stops nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AppOptions, SharedApp } from '../../../src/integrations/shared-app.js';

const TARGET = 'http://localhost:9';

function share(options: AppOptions) {
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (line: string) => warnings.push(line) };
  const app = SharedApp.of('/app', { edge: TARGET, token: 'postern_v1_x', ...options });
  return { app, log, warnings };
}

describe('an app that cannot be shared', () => {
  test('is told so in a sentence, and once more when a server listens again', async () => {
    const { app, log, warnings } = share({ name: 'one', edge: 'tunnel' });
    const first = app.expect();
    await app.listens(first, TARGET, log, 10_000);
    assert.equal(app.url, undefined);
    assert.match(warnings.join(), /^postern: not shared: edge: .*\(ERR_CONFIG_INVALID\)$/);
    app.gone(first);
    const second = app.expect();
    await app.listens(second, TARGET, log, 10_000);
    app.gone(second);
    assert.equal(warnings.length, 1, 'the same cause was told twice');
  });

  test('keeps nobody waiting', async () => {
    const { app, log, warnings } = share({ name: 'two' });
    const server = app.expect();
    await app.listens(server, TARGET, log, 1);
    app.gone(server);
    await SharedApp.settled();
    assert.deepEqual(warnings, []);
  });

  test('is one for servers with the same options, and serves one of them at a time', async () => {
    const { app, log, warnings } = share({ name: 'three', edge: 'tunnel' });
    assert.equal(share({ name: 'three', edge: 'tunnel' }).app, app);
    assert.notEqual(share({ name: 'three', edge: 'tunnel', allow: ['@acme.com'] }).app, app);
    const [one, other] = [app.expect(), app.expect()];
    await app.listens(one, TARGET, log, 1_000);
    await app.listens(other, 'http://localhost:10', log, 1_000);
    assert.match(warnings[1] ?? '', /shared already/);
    app.gone(one);
    app.gone(other);
  });

  test('is left alone by a server that was closed before it listened', async () => {
    const { app, log, warnings } = share({ name: 'four', edge: 'tunnel' });
    const server = app.expect();
    app.gone(server);
    await app.listens(server, TARGET, log, 1_000);
    assert.deepEqual(warnings, []);
  });
});
