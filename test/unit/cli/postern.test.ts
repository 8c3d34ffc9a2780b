/** The compiled `postern` command as a person starts it: exit codes, and what goes to which stream. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readVersion } from '../../../src/cli/process/version.js';
import { verifyToken } from '../../../src/link/token.js';
import { AGENT_ENV, assertUsage, folder, postern, SECRET } from '../../support/command-line.js';
import { loadedModules } from '../../support/loaded-modules.js';
import { SHIPPED_POSTERN } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

/** The dependencies of this package that a command line loads. */
async function packagesOf(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string[]> {
  const loaded = await loadedModules(args, env);
  const { dependencies } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as Record<
    string,
    object
  >;
  const isLoaded = (name: string) => loaded.some((module) => module.includes(`/node_modules/${name}/`));
  return Object.keys(dependencies ?? {}).filter(isLoaded);
}

describe('postern', () => {
  it('loads what its command needs, and no more', async () => {
    assert.deepEqual(await packagesOf(['--version']), []);
    assert.deepEqual(await packagesOf(['token', 'create', '--help']), ['commander', 'jose']);
    assert.deepEqual(await packagesOf(['http', '5173'], AGENT_ENV), ['commander', 'ws']);
  });

  it('loads nothing of an edge to run an agent, and CommonJS only by require', async () => {
    const loaded = (await loadedModules(['http', '5173'], AGENT_ENV)).join('\n');
    assert.match(loaded, /\/src\/link\/dial\.js/);
    assert.doesNotMatch(loaded, /\/src\/(?:edge|auth|store)\//);
    // The ES module of a CommonJS package makes Node read each of its files for exports first.
    assert.doesNotMatch(loaded, /\/(?:ws\/wrapper|commander\/esm)\.mjs/);
  });

  it('prints its version', async () => {
    assert.deepEqual(await postern(['--version']), { code: 0, stdout: `${readVersion()}\n`, stderr: '' });
  });

  for (const args of [
    ['--help'],
    ['http', '--help'],
    ['edge', '-h'],
    ['token', 'create', '--help'],
    ['help', 'edge'],
  ]) {
    it(`prints help on stdout for ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await postern(args);
      assert.equal(code, 0);
      assert.match(stdout, /^Usage: postern/);
      assert.equal(stderr, '');
    });
  }

  for (const [args, name] of [
    [[], 'Usage: postern'],
    [['egde'], "'egde'"],
    [['--nope'], '--nope'],
    [['http'], "'target'"],
    [['http', '5173', '8080'], 'argument'],
    [['http', '5173', '--nope'], '--nope'],
    [['http', '5173', '--edge'], '--edge'],
    [['edge', '--nope'], '--nope'],
    [['edge', 'x'], 'argument'],
    [['token'], 'Usage: postern token'],
    [['token', 'make'], "'make'"],
    [['config', 'chek'], "'chek'"],
  ] as const) {
    it(`refuses ${args.join(' ') || 'no command'}`, async () => assertUsage(await postern(args), [name]));
  }

  for (const [args, name] of [
    [['edge', '--secret', SECRET], '--secret'],
    [['edge', `--secret=${SECRET}`], '--secret'],
    [['token', 'create', '--secret', SECRET], '--secret'],
    [['edge', '--oidc-client-secret', SECRET], '--oidc-client-secret'],
    [['http', '5173', '--token', SECRET], '--token'],
  ] as const) {
    it(`takes no secret from ${name} of ${args[0]}, and does not repeat it`, async () => {
      const ended = await postern(args);
      assertUsage(ended, [name]);
      assert.ok(!ended.stderr.includes(SECRET));
    });
  }
});

describe('postern token create', () => {
  const REQUEST = ['token', 'create', '--owner', 'Dev@acme.com', '--tunnels', 'demo,dev-*'];

  it('prints one token on stdout and nothing else', async () => {
    const cwd = folder({ '.env': `POSTERN_SECRET=${SECRET}\n` });
    const { code, stdout, stderr } = await postern([...REQUEST, '--ttl', '1h'], {}, cwd);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^[\x21-\x7e]+\n$/);
    const grant = await verifyToken([SECRET], stdout.trim());
    assert.equal(grant.owner, 'dev@acme.com');
    assert.deepEqual(grant.tunnels, ['demo', 'dev-*']);
  });

  it('accepts --tunnels several times, and makes tokens with the newest secret', async () => {
    const env = { POSTERN_SECRET: `${'secret n of thirty-two bytes or more'},${SECRET}` };
    const { stdout } = await postern([...REQUEST, '--tunnels', 'api'], env);
    const { tunnels } = await verifyToken(['secret n of thirty-two bytes or more'], stdout.trim());
    assert.deepEqual(tunnels, ['demo', 'dev-*', 'api']);
  });

  it('names every problem at once', async () => {
    const args = ['token', 'create', '--owner', 'dev', '--tunnels', 'De mo', '--ttl', 'long'];
    assertUsage(await postern(args), ['--owner', '--tunnels', '--ttl', 'POSTERN_SECRET']);
    assertUsage(await postern(['token', 'create']), ['--owner', '--tunnels', 'POSTERN_SECRET']);
  });
});

describe('the compiled command', () => {
  it('is executable', () => assert.match(readFileSync(SHIPPED_POSTERN, 'utf8'), /^#!\/usr\/bin\/env node\n/));
});
