/** When the plugin for Vite shares a server, and what it says about a socket that visitors cannot reach. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigEnv, ViteDevServer } from 'vite';
import { hasColours } from '../../../src/cli/process/colours.js';
import { postern } from '../../../src/integrations/vite.js';

describe('the plugin for Vite', () => {
  const shares = (env: Partial<ConfigEnv>, options = {}) => {
    const { apply } = postern(options);
    assert.ok(typeof apply === 'function');
    return apply({}, { command: 'serve', mode: 'development', ...env });
  };

  test('shares the dev server only', () => {
    assert.equal(shares({}), true);
    for (const env of [{ command: 'build' }, { isPreview: true }, { mode: 'test' }] as const)
      assert.equal(shares(env), false, JSON.stringify(env));
    assert.equal(shares({}, { enabled: false }), false);
  });

  /** A server of Vite as far as the plugin looks at it, and its warnings. */
  function configure(server: object, httpServer: unknown = { once: () => {} }) {
    const warnings: string[] = [];
    const logger = { warn: (text: string) => warnings.push(text), info: () => {} };
    const listen = async () => made;
    const made = { httpServer, listen, close: async () => {}, config: { root: '/app', server, logger } };
    const { configureServer } = postern();
    assert.ok(typeof configureServer === 'function');
    configureServer.call({} as never, made as unknown as ViteDevServer);
    return { warnings, isLeftAlone: made.listen === listen };
  }

  test('warns of a socket at another port than the page', () => {
    for (const server of [{ hmr: { port: 24_678 } }, { ws: { clientPort: 443 }, port: 5173 }])
      assert.match(configure(server).warnings.join(), /postern: server\.hmr names port (?:24678|443)/);
    for (const server of [{}, { hmr: true }, { hmr: { port: 5173 }, port: 5173 }, { hmr: { overlay: false } }])
      assert.deepEqual(configure(server).warnings, []);
  });

  test('leaves a server alone that is another program’s', () => {
    assert.equal(configure({}, null).isLeftAlone, true);
    assert.equal(configure({}).isLeftAlone, false);
  });
});

test('lines beside those of a dev server are coloured where those are', () => {
  assert.equal(hasColours({}, [], true), true);
  assert.equal(hasColours({}, [], false), process.platform === 'win32');
  assert.equal(hasColours({ TERM: 'dumb' }, [], true), process.platform === 'win32');
  assert.equal(hasColours({ NO_COLOR: '1', FORCE_COLOR: '1' }, [], true), false);
  assert.equal(hasColours({}, ['--no-color'], true), false);
  assert.equal(hasColours({ FORCE_COLOR: '1' }, [], false), true);
});
