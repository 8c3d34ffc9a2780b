import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refuseOldFlags } from '../../../../src/cli/process/old-flags.js';
import { ConfigError } from '../../../../src/config/config-error.js';

function answer(...args: string[]): readonly string[] {
  try {
    refuseOldFlags(args);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

describe('a command line of another program', () => {
  for (const [line, typed] of [
    ['http 8080 --domain shop.ngrok.app', 'postern http 8080 --name shop'],
    ['http 8080 --url https://shop.ngrok.app', 'postern http 8080 --name shop'],
    ['8080 --subdomain=shop', 'postern http 8080 --name shop'],
    [
      'http 80 --oauth google --oauth-allow-domain acme.com --oauth-allow-email a@b.com',
      'postern http 80 --allow @acme.com --allow a@b.com',
    ],
    ['http 80 --host-header rewrite --inspect=false', 'postern http 80 --host-header rewrite --inspect off'],
    [
      'http https://localhost:8443 --upstream-tls-verify-cas ca.pem',
      'postern http https://localhost:8443 --target-ca ca.pem',
    ],
    ['http 80 --log-format json --name x', 'postern http 80 --json --name x'],
    ['tunnel --url http://localhost:8080 --allowed-mail *@x.com', 'postern http http://localhost:8080 --allow @x.com'],
    [
      'tunnel --url http://localhost:8080 --no-tls-verify --loglevel debug',
      'postern http http://localhost:8080 --target-insecure --log-level debug',
    ],
    ['tunnel run shop', 'postern start shop'],
    ['start --all', 'postern start'],
    ['tcp 22', 'postern http 8080'],
    ['diagnose', 'postern doctor'],
    ['config add-authtoken 2abc', 'postern login https://tunnel.acme.com'],
  ] as const)
    it(`gets the line to type: ${line}`, () => {
      const [first = ''] = answer(...line.split(' '));
      assert.ok(first.endsWith(`type: ${typed}`), first);
    });

  it('gets a sentence about what has no counterpart, and no secret is repeated', () => {
    const problems = answer('http', '80', '--basic-auth', 'user:hunter22', '--authtoken=2secret', '--region', 'eu');
    assert.equal(problems.length, 4);
    assert.match(problems.join('\n'), /access-token create[\s\S]*postern login[\s\S]*--region has no counterpart/);
    assert.doesNotMatch(problems.join('\n'), /hunter22|2secret/);
  });

  it('is quoted as a shell reads it', () => {
    assert.match(
      answer('http', '80', '--http-host-header', "a'; rm -rf ~")[0] ?? '',
      /--host-header 'a'\\''; rm -rf ~'$/,
    );
    assert.doesNotMatch(answer('http', '80', '--subdomain', '\x1b[2J')[0] ?? '', /\x1b/);
  });

  for (const line of [
    'http 8080 --name x --inspect off',
    'edge --url https://a.test',
    'run -- ngrok http 80 --domain x',
    'start web',
    'http demo -- --domain x',
  ])
    it(`leaves ours alone: ${line}`, () => assert.deepEqual(answer(...line.split(' ')), []));
});
