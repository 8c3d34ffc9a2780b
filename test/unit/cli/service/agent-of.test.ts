import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Asked, agentOf } from '../../../../src/cli/service/agent-of.js';
import { AGENT_OPTIONS, TUNNEL_OPTIONS } from '../../../../src/config/agent-options.js';

const CONFIG: Asked['config'] = {
  edge: 'https://tunnel.acme.com',
  name: 'demo',
  allow: [],
  allowOrigins: [],
  allowFrames: [],
  token: 'postern_secret',
  isSignedIn: false,
  target: new URL('http://localhost:3000'),
  hostHeader: 'rewrite',
  links: 4,
  logLevel: undefined,
};

function ask(asked: Partial<Asked> = {}, config: Partial<Asked['config']> = {}) {
  return agentOf({
    config: { ...CONFIG, ...config },
    target: '3000',
    table: { ...AGENT_OPTIONS, ...TUNNEL_OPTIONS },
    flags: {},
    configPath: undefined,
    env: {},
    configHome: '/home/ana/.config',
    program: ['/usr/bin/node', '/opt/postern.js'],
    folder: '/home/ana/shop',
    ...asked,
  });
}

const START = [
  '/usr/bin/node',
  '/opt/postern.js',
  'http',
  '3000',
  '--edge',
  'https://tunnel.acme.com',
  '--name',
  'demo',
];

describe('the agent of a service', () => {
  it('has edge and name in its command line, flags as given, and paths that mean the same everywhere', () => {
    const flags = { allow: '@acme.com,ana@x.test', read_only: 'true', target_ca: 'ca.pem', edge: 'x', name: 'y' };
    assert.deepEqual(ask({ flags, configPath: 'postern.yaml' }).agent.command, [
      ...START,
      ...['--allow', '@acme.com,ana@x.test', '--read-only', '--target-ca', '/home/ana/shop/ca.pem'],
      ...['--config', '/home/ana/shop/postern.yaml'],
    ]);
  });

  it('has its token in a file only', () => {
    assert.equal(ask({}, { isSignedIn: true }).agent.tokenPath, undefined);
    assert.equal(ask().agent.tokenPath, undefined, 'that of the developer’s file');
    assert.equal(ask({ flags: { token_file: 'dev.token' } }).agent.tokenPath, '/home/ana/shop/dev.token');
    assert.equal(ask({ env: { POSTERN_TOKEN_FILE: '/run/token' } }).agent.tokenPath, '/run/token');
    const { agent, tokenFile } = ask({ env: { POSTERN_TOKEN: 'postern_secret' } });
    assert.equal(agent.tokenPath, '/home/ana/.config/postern/service-demo.token');
    assert.deepEqual([tokenFile?.mode, tokenFile?.text, tokenFile?.isSecret], [0o600, 'postern_secret\n', true]);
    assert.doesNotMatch(JSON.stringify(agent), /postern_secret/);
  });

  it('keeps the way to the edge, but no password', () => {
    const env = { HTTPS_PROXY: 'http://ana:secret@proxy:3128', NO_PROXY: 'x.test', PATH: '/bin' };
    const { agent, notes } = ask({ env });
    assert.deepEqual(agent.env, { NO_PROXY: 'x.test' });
    assert.match(notes.join(), /HTTPS_PROXY.*service-demo\.env/);
    assert.doesNotMatch(JSON.stringify({ agent, notes }), /secret@/);
  });

  it('refuses what would add a line to its file', () => {
    assert.throws(() => ask({ flags: { on_knock: '/x\nExecStartPost=/bin/sh' } }), /line end/);
    assert.throws(() => ask({ env: { NO_PROXY: 'a\nb' } }), /line end/);
  });
});
