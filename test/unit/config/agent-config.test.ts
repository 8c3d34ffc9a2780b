import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadAgentConfig } from '../../../src/config/agent-config.js';
import { ConfigError } from '../../../src/config/config-error.js';
import { SignInNeeded } from '../../../src/config/sign-in-needed.js';
import type { Sources } from '../../../src/config/sources.js';

const ENV = { POSTERN_EDGE: 'https://tunnel.acme.com', POSTERN_TOKEN: 'postern_token' };

const FILE = {
  path: '/home/ana/.config/postern/config.yaml',
  text: `
edge: https://file.acme.com
token_file: token
tunnels:
  demo: { target: 5173, allow: ["@acme.com", "group:eng"], host_header: preserve, allow_origin: ["https://web.acme.com"] }
  api:
    target: http://127.0.0.1:3000
`,
};

function load(changes: Partial<Sources>) {
  return loadAgentConfig({ env: ENV, ...changes, flags: { target: '5173', ...changes.flags } });
}

function problemsOf(changes: Partial<Sources>): readonly string[] {
  try {
    load(changes);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

function assertProblems(problems: readonly string[], names: readonly string[]): void {
  assert.equal(problems.length, names.length, problems.join('\n'));
  for (const name of names)
    assert.ok(
      problems.some((problem) => problem.includes(name)),
      `${name}:\n${problems.join('\n')}`,
    );
}

describe('loadAgentConfig', () => {
  it('requires only an edge, a token and a target', () => {
    assert.deepEqual(load({}), {
      edge: 'https://tunnel.acme.com',
      isSignedIn: false,
      name: undefined,
      allow: [],
      allowOrigins: [],
      allowFrames: [],
      token: 'postern_token',
      target: new URL('http://localhost:5173'),
      hostHeader: 'rewrite',
      links: 4,
      logLevel: undefined,
      inspect: {
        ...{ host: '127.0.0.1', port: 4040, isAnyPort: true },
        ...{ maxBytes: 50_000_000, bodyBytes: 1_000_000, redactedHeaders: [] },
      },
    });
  });

  it('has an inspector unless it was switched off, at an address of this machine only', () => {
    const at = (inspect: string) => {
      const config = loadAgentConfig({ env: ENV, flags: { target: '1', inspect } }).inspect;
      return config && [config.host, config.port, config.isAnyPort];
    };
    assert.deepEqual(['off', 'false'].map(at), [undefined, undefined]);
    for (const word of ['on', 'true']) assert.deepEqual(at(word), ['127.0.0.1', 4040, true]);
    for (const text of ['5000', 'localhost:5000', '127.0.0.1:5000'])
      assert.deepEqual(at(text), ['127.0.0.1', 5000, false]);
    assert.deepEqual(at('[::1]:0'), ['::1', 0, false]);
    for (const text of ['0.0.0.0:4040', '127.0.0.2:4040', '127.evil.test:4040', '99999', 'maybe', '10.0.0.1:1'])
      assertProblems(problemsOf({ flags: { target: '1', inspect: text } }), ['--inspect']);
    const sizes = { target: '1', inspect_max_bytes: '2KB', inspect_redact_headers: 'X-One,x-two' };
    const { maxBytes, redactedHeaders } = loadAgentConfig({ env: ENV, flags: sizes }).inspect ?? {};
    assert.deepEqual([maxBytes, redactedHeaders], [2_000, ['x-one', 'x-two']]);
    for (const text of ['0', '2GB', '1.5MB', 'much'])
      assertProblems(problemsOf({ flags: { target: '1', inspect_body_bytes: text } }), ['--inspect-body-bytes']);
  });

  it('takes the edge of the last sign-in and its token where no option names another', () => {
    const tokens: Readonly<Record<string, string>> = { 'https://one.test': 'token_1', 'https://two.test': 'token_2' };
    const signIns = { lastEdge: () => 'https://two.test', tokenOf: (edge: string) => tokens[edge] };
    const choice = (sources: Partial<Sources>) => {
      const { edge, token, isSignedIn } = loadAgentConfig({
        env: {},
        signIns,
        ...sources,
        flags: { target: '5173', ...sources.flags },
      });
      return [edge, token, isSignedIn];
    };
    assert.deepEqual(choice({}), ['https://two.test', 'token_2', true]);
    assert.deepEqual(choice({ flags: { edge: 'https://one.test' } }), ['https://one.test', 'token_1', true]);
    assert.deepEqual(choice({ env: { POSTERN_EDGE: 'https://one.test' } }), ['https://one.test', 'token_1', true]);
    const file = { path: 'config.yaml', text: 'edge: https://one.test' };
    assert.deepEqual(choice({ file }), ['https://one.test', 'token_1', true]);
    assert.deepEqual(choice({ env: { POSTERN_TOKEN: 'mine' } }), ['https://two.test', 'mine', false]);
    assert.throws(
      () => choice({ flags: { edge: 'https://three.test' } }),
      (error) => error instanceof SignInNeeded,
    );
    const twice = () => choice({ flags: { edge: 'https://three.test', name: 'A B' } });
    assert.throws(twice, (error) => error instanceof ConfigError && !(error instanceof SignInNeeded));
  });

  it('does not look at the sign-ins where options say all', () => {
    const fail = () => assert.fail('the file of sign-ins was read');
    assert.equal(load({ signIns: { lastEdge: fail, tokenOf: fail } }).isSignedIn, false);
  });

  it('prefers a flag to the environment and that to the file', () => {
    assert.equal(load({ file: FILE, flags: { edge: 'http://localhost:8080' } }).edge, 'http://localhost:8080');
    assert.equal(load({ file: FILE }).edge, 'https://tunnel.acme.com');
    assert.equal(load({ file: FILE, env: { POSTERN_TOKEN: 'x' } }).edge, 'https://file.acme.com');
  });

  it('reads a token from the file that a flag, the environment or the file names', () => {
    const readSecretFile = (path: string) => `token_of_${path}\n`;
    const tokenOf = (changes: Partial<Sources>) => load({ readSecretFile, ...changes }).token;
    assert.equal(tokenOf({ flags: { token_file: '/t' } }), 'token_of_/t');
    assert.equal(tokenOf({ env: { ...ENV, POSTERN_TOKEN: undefined, POSTERN_TOKEN_FILE: '/e' } }), 'token_of_/e');
    assert.equal(tokenOf({ env: {}, file: FILE }), 'token_of_/home/ana/.config/postern/token');
  });

  it('returns rules in canonical spelling, from a repeated flag or a list', () => {
    assert.deepEqual(load({ flags: { allow: '*@ACME.com,Bob@x.com' } }).allow, ['@acme.com', 'bob@x.com']);
  });

  it('accepts origins as browsers send them', () => {
    const allow_origin = 'HTTPS://Web.acme.com,http://localhost:3000';
    assert.deepEqual(load({ flags: { allow_origin } }).allowOrigins, ['https://web.acme.com', 'http://localhost:3000']);
    for (const wrong of [
      '*',
      'null',
      'web.acme.com',
      'https://web.acme.com/x',
      'https://a@web.acme.com',
      'ws://a.com',
      '',
    ])
      assertProblems(problemsOf({ flags: { allow_origin: wrong } }), ['--allow-origin']);
  });

  it('reads the tunnels of the file by name, and flags override them', () => {
    const named = load({ file: FILE, flags: { target: 'demo' } });
    assert.equal(named.name, 'demo');
    assert.equal(named.target.href, 'http://localhost:5173/');
    assert.deepEqual(named.allow, ['@acme.com', 'group:eng']);
    assert.equal(named.hostHeader, 'preserve');
    assert.deepEqual(named.allowOrigins, ['https://web.acme.com']);
    const changed = load({ file: FILE, flags: { target: 'demo', name: 'other', allow: '*', host_header: 'app.test' } });
    assert.equal(changed.name, 'other');
    assert.deepEqual(changed.allow, ['*']);
    assert.deepEqual(changed.hostHeader, { literal: 'app.test' });
  });

  it('uses nothing of a tunnel that was not named', () => {
    const { name, allow } = load({ file: FILE });
    assert.equal(name, undefined);
    assert.deepEqual(allow, []);
  });

  it('reports every problem at once', () => {
    const flags = {
      target: 'http://localhost/x',
      edge: 'http://tunnel.acme.com',
      name: 'Www',
      allow: 'acme.com',
      host_header: 'rewrit',
    };
    const env = { POSTERN_TOKEN: 'a b', POSTERN_EGDE: 'x' };
    const names = ['<target>', '--edge', '--name', '--allow', '--host-header', 'POSTERN_TOKEN', '"POSTERN_EDGE"'];
    assertProblems(problemsOf({ flags, env }), names);
  });

  it('names what is missing', () => {
    assertProblems(problemsOf({ env: {} }), ['POSTERN_EDGE', 'POSTERN_TOKEN']);
    assertProblems(problemsOf({ env: { ...ENV, POSTERN_TOKEN: ' ' } }), ['POSTERN_TOKEN']);
  });

  it('tells on the desktop as the flag says, else the environment, else the file, else as the output is', () => {
    const file = { path: 'config.yaml', text: 'notify: "on"' };
    const load = (sources: object) => loadAgentConfig({ env: ENV, flags: { target: '1' }, ...sources }).notify;
    const off = { ...ENV, POSTERN_NOTIFY: 'off' };
    assert.deepEqual(
      [
        load({}),
        load({ file }),
        load({ file, env: off }),
        load({ file, env: off, flags: { target: '1', notify: 'on' } }),
      ],
      [undefined, 'on', 'off', 'on'],
    );
  });

  it('suggests the tunnel that was meant, and reports other problems too', () => {
    assertProblems(problemsOf({ file: FILE, flags: { target: 'dmeo', name: 'Www' } }), ['"demo"', '--name']);
    assertProblems(problemsOf({ flags: { target: 'demo' } }), ['"demo"']);
  });

  for (const [what, text, name] of [
    ['a key of the top', 'egde: https://a.com', '"edge"'],
    ['the token itself', 'token: abc', '"token_file"'],
    ['a key of a tunnel', 'tunnels: { demo: { target: 1, alow: "*" } }', '"allow"'],
    ['a tunnel without target', 'tunnels: { demo: {} }', 'target of tunnel "demo"'],
    ['a tunnel with a wrong target', 'tunnels: { demo: { target: 0 } }', 'target in tunnel "demo"'],
    ['a tunnel that is text', 'tunnels: { demo: 5173 }', 'tunnel "demo"'],
    ['a name that no tunnel may have', 'tunnels: { WWW: { target: 1 } }', '"WWW"'],
    ['tunnels as a list', 'tunnels: [demo]', 'tunnels in'],
    ['a choice that there is not', 'notify: sometimes', '"sometimes" is not a choice: expected on or off'],
    ['a wrong rule', 'tunnels: { demo: { target: 1, allow: acme.com } }', 'allow in tunnel "demo"'],
  ] as const) {
    it(`refuses ${what} in the file, whichever tunnel is meant`, () => {
      const problems = problemsOf({ file: { path: 'config.yaml', text } });
      assert.ok(
        problems.some((problem) => problem.includes(name)),
        problems.join('\n'),
      );
      assert.ok(problems.length <= 2);
    });
  }
});
