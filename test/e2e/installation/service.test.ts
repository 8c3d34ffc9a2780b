/** `postern service`: what it would write and run, and for whom it does nothing. No edge is asked. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createToken } from '../../../src/link/token.js';
import { runPostern } from '../../support/processes.js';

describe('postern service', { skip: process.platform === 'linux' ? false : 'these are the services of Linux' }, () => {
  const install = ['service', 'install', '3000', '--name', 'demo', '--allow', '@acme.com'];

  async function postern(args: readonly string[]) {
    const request = { owner: 'dev@acme.com', tunnels: ['demo'], ttlMs: 60_000 };
    const token = await createToken(['a secret of thirty-two bytes or more'], request);
    const { exit, ...rest } = await runPostern(args, { POSTERN_EDGE: 'https://tunnel.test', POSTERN_TOKEN: token });
    return { ...rest, code: exit.code };
  }

  test('L15 shows what it would write and run, but no token', async () => {
    const { code, stdout } = await postern([...install, '--dry-run']);
    assert.equal(code, 0);
    assert.match(stdout, /^would write \S+\/postern\/service-demo\.token \(mode 0600\):\n {2}\(the token\)\n/);
    assert.match(stdout, /^would write \S+\/systemd\/user\/postern-demo\.service \(mode 0644\):$/m);
    assert.match(
      stdout,
      /^ {2}ExecStart=.* "http" "3000" "--edge" "https:\/\/tunnel\.test" "--name" "demo" "--allow" "@acme\.com" /m,
    );
    assert.match(stdout, /^would run: systemctl --user enable postern-demo\.service$/m);
    assert.doesNotMatch(stdout, /postern_ey/);
  });

  test('is of a person, not of root, and removes nothing that is not there', async () => {
    assert.equal((await postern(['service', 'remove', 'demo'])).stdout, 'there is no service of demo.');
    assert.equal((await postern(['service', 'remove', '../x'])).code, 2);
    if (process.getuid?.() !== 0) return; // it would be installed
    const { code, stderr } = await postern(install);
    assert.equal(code, 1);
    assert.match(stderr, /not as root/);
  });
});
