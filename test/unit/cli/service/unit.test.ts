import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ServiceAgent } from '../../../../src/cli/service/plan.js';
import { plistText } from '../../../../src/cli/service/plist.js';
import { UNIT_SETTINGS, unitText } from '../../../../src/cli/service/unit.js';
import { PROJECT_ROOT } from '../../../support/project-root.js';

/** With words that a unit or a property list could take for its own. */
const AGENT: ServiceAgent = {
  name: 'demo',
  command: [
    process.execPath,
    '/opt/a b/postern.js',
    'http',
    '3000',
    '--allow',
    '$HOME,%n,"x"\\y',
    '--on-knock',
    '/a&<b>',
  ],
  tokenPath: '/home/ana/100%/dev.token',
  env: { HTTPS_PROXY: 'http://proxy.acme.com:3128/%41' },
  envPath: '/home/ana/.config/postern/service-demo.env',
};

function write(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-service-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const isMissing = (program: string, ...args: string[]) =>
  spawnSync(program, args).status === 0 ? false : `there is no ${program}`;

describe('the unit of an agent', () => {
  it('passes each word as it is, and the token as a credential only', () => {
    const lines = unitText(AGENT).split('\n');
    assert.ok(
      lines.includes(
        `ExecStart="${process.execPath}" "/opt/a b/postern.js" "http" "3000" "--allow" "$$HOME,%%n,\\"x\\"\\\\y" "--on-knock" "/a&<b>" --token-file "\${CREDENTIALS_DIRECTORY}/token"`,
      ),
    );
    assert.ok(lines.includes('LoadCredential=token:/home/ana/100%%/dev.token'));
    assert.ok(lines.includes('Environment="HTTPS_PROXY=http://proxy.acme.com:3128/%%41"'));
    assert.doesNotMatch(unitText({ ...AGENT, tokenPath: undefined }), /token-file|LoadCredential/);
  });

  it('is valid for systemd', { skip: isMissing('systemd-analyze', '--version') }, (t) => {
    const path = write(t, 'postern-demo.service', unitText(AGENT));
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    assert.equal(stdout + stderr, '');
  });

  it('has the settings of the unit in deploy/systemd', () => {
    const shipped = readFileSync(join(PROJECT_ROOT, 'deploy/systemd/postern-agent@.service'), 'utf8');
    assert.ok(shipped.endsWith(UNIT_SETTINGS));
  });
});

describe('the property list of an agent', () => {
  it('is read by another parser as it was meant', { skip: isMissing('python3', '--version') }, (t) => {
    const path = write(t, 'demo.plist', plistText(AGENT, '/home/ana/Library/Logs/postern & co.log'));
    const code = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))';
    const { stdout, stderr } = spawnSync('python3', ['-c', code, path], { encoding: 'utf8' });
    assert.equal(stderr, '');
    const list = JSON.parse(stdout);
    assert.deepEqual(list.ProgramArguments, [...AGENT.command, '--token-file', AGENT.tokenPath]);
    assert.deepEqual(list.EnvironmentVariables, AGENT.env);
    assert.deepEqual(
      [list.Label, list.RunAtLoad, list.KeepAlive, list.Umask],
      ['dev.postern.demo', true, { SuccessfulExit: false }, 0o077],
    );
  });
});
