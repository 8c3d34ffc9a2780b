import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.js';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';
import { EDGE_OPTIONS } from '../../../src/config/edge-options.js';
import type { Sources } from '../../../src/config/sources.js';
import { loadTokenConfig } from '../../../src/config/token-config.js';

const EAB_KEY = 'bm90IGEgc2VjcmV0LCBmb3IgdGVzdHMgb25seQ';
const SECRET = 'secret k of thirty-two bytes or more';
const REQUIRED = {
  POSTERN_SECRET: SECRET,
  POSTERN_OIDC_CLIENT_ID: 'postern',
  POSTERN_OIDC_CLIENT_SECRET: 'hush',
};

function sources(changes: Partial<Sources> = {}): Sources {
  return { flags: {}, ...changes, env: { ...REQUIRED, ...changes.env } };
}

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'ERR_CONFIG_INVALID');
    return error.problems;
  }
  return [];
}

/** Asserts one problem for each name, in any order, which contains it. */
function assertProblems(problems: readonly string[], names: readonly string[]): void {
  assert.equal(problems.length, names.length, problems.join('\n'));
  for (const name of names)
    assert.ok(
      problems.some((problem) => problem.includes(name)),
      `${name}:\n${problems.join('\n')}`,
    );
  for (const problem of problems) assert.match(problem, /[.?]$/);
}

describe('loadEdgeConfig', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(loadEdgeConfig(sources()), {
      base: { scheme: 'http', host: 'localhost', port: 8080, origin: 'http://localhost:8080' },
      listen: [{ kind: 'tcp', text: '127.0.0.1:8080', scheme: 'http', host: '127.0.0.1', port: 8080 }],
      tls: undefined,
      acme: undefined,
      adminListen: { host: '127.0.0.1', port: 9090 },
      secrets: [SECRET],
      providers: [
        {
          id: 'oidc',
          kind: 'oidc',
          label: undefined,
          issuer: 'https://accounts.google.com',
          clientId: 'postern',
          clientSecret: 'hush',
          clientKey: undefined,
          scopes: 'openid email profile',
          groupsClaim: 'groups',
          emailVerified: 'required',
          domains: [],
          groups: [],
        },
      ],
      allow: undefined,
      admins: [],
      agents: undefined,
      agentTtlMs: 7 * 86_400_000,
      clientTtlMs: 7 * 86_400_000,
      clientRegistration: false,
      sessionTtlMs: 43_200_000,
      sessionIdleMs: 7_200_000,
      uploadIdleMs: undefined,
      trustProxy: [],
      publicPermitted: false,
      permits: { publicPaths: false, accessTokens: false },
      logLevel: 'info',
      auditLog: '-',
      auditRequired: false,
      stateDir: undefined,
      store: undefined,
      storeGraceMs: 300_000,
      drainMs: 30_000,
      peer: undefined,
      workers: 1,
      traces: undefined,
      revokedTokens: undefined,
    });
  });

  it('has only defaults that their own rows accept', () => {
    for (const option of Object.values(EDGE_OPTIONS)) {
      if ('default' in option) assert.deepEqual(option.schema.read(option.default).problems, [], option.env);
    }
  });

  it('prefers a flag to the environment, that to .env, that to the file, that to the default', () => {
    const file = { path: 'edge.yaml', text: 'session_ttl: 1h' };
    const dotenv = { path: '.env', text: 'POSTERN_SESSION_TTL=2h' };
    const env = { POSTERN_SESSION_TTL: '3h' };
    const flags = { session_ttl: '4h' };
    const hours = (changes: Partial<Sources>) => loadEdgeConfig(sources(changes)).sessionTtlMs / 3_600_000;
    assert.equal(hours({ file, dotenv, env, flags }), 4);
    assert.equal(hours({ file, dotenv, env }), 3);
    assert.equal(hours({ file, dotenv }), 2);
    assert.equal(hours({ file }), 1);
    assert.equal(hours({}), 12);
  });

  it('reports every problem at once', () => {
    const env = {
      POSTERN_URL: 'http://tunnel.acme.com',
      POSTERN_LISTEN: '8080',
      POSTERN_SECRET: 'short',
      POSTERN_OIDC_CLIENT_ID: undefined,
      POSTERN_ALLOW: 'acme.com,@acme.com,evil.com',
      POSTERN_SESION_TTL: '1h',
      POSTERN_PUBLIC: 'yes',
    };
    const problems = problemsOf(() => loadEdgeConfig(sources({ env, flags: { session_idle: 'soon' } })));
    assertProblems(problems, [
      'POSTERN_URL',
      'POSTERN_LISTEN',
      'POSTERN_SECRET',
      'POSTERN_OIDC_CLIENT_ID',
      '"acme.com"',
      '"evil.com"',
      'POSTERN_SESSION_TTL',
      'POSTERN_PUBLIC',
      '--session-idle',
    ]);
  });

  it('accepts a missing email_verified only from a provider that may omit it', () => {
    const entra = 'https://login.microsoftonline.com/';
    const tenant = `${entra}11111111-2222-3333-4444-555555555555/v2.0`;
    const load = (issuer: string) => () =>
      loadEdgeConfig(sources({ env: { ...issuerOf(issuer), POSTERN_OIDC_EMAIL_VERIFIED: 'accept-missing' } }));
    const issuerOf = (issuer: string) => (issuer === '' ? {} : { POSTERN_OIDC_ISSUER: issuer });
    for (const issuer of ['https://id.acme.com', 'http://localhost:9000/realms/x']) {
      assert.equal(load(issuer)().providers[0]?.emailVerified, 'accept-missing', issuer);
    }
    for (const issuer of ['', 'https://accounts.google.com', 'https://accounts.google.com/', tenant]) {
      assertProblems(problemsOf(load(issuer)), ['POSTERN_OIDC_EMAIL_VERIFIED']);
    }
    for (const policy of ['', 'true', 'Required', 'none']) {
      const load = () => loadEdgeConfig(sources({ env: { POSTERN_OIDC_EMAIL_VERIFIED: policy } }));
      assertProblems(problemsOf(load), ['POSTERN_OIDC_EMAIL_VERIFIED']);
    }
  });

  it('accepts of Entra the issuer of one organisation only', () => {
    const load = (issuer: string) => () => loadEdgeConfig(sources({ env: { POSTERN_OIDC_ISSUER: issuer } }));
    const entra = 'https://login.microsoftonline.com/';
    for (const issuer of [
      `${entra}common/v2.0`,
      `${entra}Organizations/v2.0`,
      `${entra}common`,
      'https://sts.windows.net/common/',
      'https://login.microsoftonline.us/organizations/v2.0',
    ]) {
      assertProblems(problemsOf(load(issuer)), ['POSTERN_OIDC_ISSUER']);
    }
    for (const issuer of [`${entra}11111111-2222-3333-4444-555555555555/v2.0`, 'https://id.acme.com/common/v2.0'])
      assert.equal(load(issuer)().providers[0]?.issuer, issuer);
  });

  it('names required options that are missing', () => {
    const problems = problemsOf(() => loadEdgeConfig({ env: {}, flags: {} }));
    assertProblems(problems, Object.keys(REQUIRED));
  });

  it('treats an empty value as a mistake, not as "none"', () => {
    for (const text of ['', '  ']) {
      assertProblems(
        problemsOf(() => loadEdgeConfig(sources({ env: { POSTERN_ALLOW: text } }))),
        ['POSTERN_ALLOW'],
      );
      assertProblems(
        problemsOf(() => loadEdgeConfig(sources({ env: { POSTERN_SECRET: text } }))),
        ['POSTERN_SECRET'],
      );
    }
  });

  it('describes the expected value for a required option that is empty', () => {
    const [problem = ''] = problemsOf(() => loadEdgeConfig(sources({ env: { POSTERN_SECRET: '' } })));
    assert.match(problem, /^POSTERN_SECRET is empty: expected 32 bytes/);
    const [other = ''] = problemsOf(() => loadEdgeConfig(sources({ env: { POSTERN_ALLOW: '' } })));
    assert.match(other, /leave it out/);
  });

  it('never repeats a secret', () => {
    const env = { POSTERN_SECRET: 'hunter2', POSTERN_OIDC_CLIENT_SECRET: 'hunter2\tx' };
    const problems = problemsOf(() => loadEdgeConfig(sources({ env })));
    assert.equal(problems.length, 2);
    assert.doesNotMatch(problems.join(), /hunter2/);
  });

  it('listens with TLS where there is a certificate, and refuses half of what that needs', () => {
    const files = { POSTERN_TLS_CERT: '/tls/cert.pem', POSTERN_TLS_KEY: '/tls/key.pem' };
    const env = { POSTERN_URL: 'https://tunnel.acme.com', ...files };
    const config = loadEdgeConfig(sources({ env }));
    assert.deepEqual(
      config.listen.map(({ text }) => text),
      ['https://*:443', 'http://*:80'],
    );
    assert.deepEqual(config.tls, { cert: '/tls/cert.pem', key: '/tls/key.pem' });
    const problems = (changes: Record<string, string | undefined>) =>
      problemsOf(() => loadEdgeConfig(sources({ env: { ...env, ...changes } })));
    assertProblems(problems({ POSTERN_TLS_KEY: undefined }), ['POSTERN_TLS_CERT and POSTERN_TLS_KEY']);
    assertProblems(problems({ POSTERN_LISTEN: '127.0.0.1:8080' }), ['POSTERN_TLS_CERT is for']);
    assertProblems(problems({ POSTERN_URL: undefined }), ['POSTERN_URL begins with http://']);
    const none = { POSTERN_TLS_CERT: undefined, POSTERN_TLS_KEY: undefined, POSTERN_LISTEN: 'https://*:443' };
    assertProblems(problems(none), ['https://*:443 needs a certificate']);
  });

  it('obtains certificates where the operator says so, and refuses what does not fit', () => {
    const place = { POSTERN_URL: 'https://tunnel.acme.com', POSTERN_STATE_DIR: '/var/lib/postern' };
    const env = { ...place, POSTERN_ACME: 'on', TOOL_TOKEN: 'x' };
    const load = (changes: Record<string, string | undefined>) =>
      loadEdgeConfig(sources({ env: { ...env, ...changes } }));
    const problems = (changes: Record<string, string | undefined>) => problemsOf(() => load(changes));
    const { acme, listen } = load({ POSTERN_ACME_DNS: 'rfc2136:ns1.acme.com', POSTERN_ACME_DNS_KEY: '/acme.key' });
    assert.deepEqual(
      listen.map(({ text }) => text),
      ['https://*:443', 'http://*:80'],
    );
    assert.equal(acme?.directory, 'https://acme-v02.api.letsencrypt.org/directory');
    assert.deepEqual(acme?.dns, { kind: 'update', server: { host: 'ns1.acme.com', port: 53 } });
    assert.deepEqual(load({ POSTERN_ACME_DNS: 'exec:/bin/publish' }).acme?.dns, {
      kind: 'program',
      path: '/bin/publish',
    });
    assert.deepEqual(load({ POSTERN_ACME_EAB_KID: 'kid-1', POSTERN_ACME_EAB_KEY: EAB_KEY }).acme?.externalAccount, {
      kid: 'kid-1',
      key: Buffer.from(EAB_KEY, 'base64url'),
    });
    const { environment } = load({}).acme ?? {};
    assert.equal(environment?.['TOOL_TOKEN'], 'x');
    assert.deepEqual(
      Object.keys(environment ?? {}).filter((name) => name.startsWith('POSTERN_')),
      [],
    );
    assertProblems(problems({ POSTERN_STATE_DIR: undefined }), ['needs a place for certificates']);
    assertProblems(problems({ POSTERN_ACME: 'yes' }), ['expected on or off']);
    assertProblems(problems({ POSTERN_URL: undefined }), ['is for a public name']);
    assertProblems(problems({ POSTERN_LISTEN: '127.0.0.1:8080' }), ['POSTERN_ACME=on is for an address with TLS']);
    assertProblems(problems({ POSTERN_TLS_CERT: '/c', POSTERN_TLS_KEY: '/k' }), ['two sources of certificates']);
    assertProblems(problems({ POSTERN_ACME_DNS: 'rfc2136:ns1.acme.com' }), ['POSTERN_ACME_DNS_KEY']);
    assertProblems(problems({ POSTERN_ACME_EAB_KID: 'kid-1' }), ['POSTERN_ACME_EAB_KEY belong together']);
    for (const key of ['short', 'with spaces in it and long enough', ''])
      assertProblems(problems({ POSTERN_ACME_EAB_KID: 'kid-1', POSTERN_ACME_EAB_KEY: key }), ['POSTERN_ACME_EAB_KEY']);
    for (const way of ['rfc2136', 'rfc2136:', 'rfc2136:a:0', 'exec:publish', 'exec:', 'route53', 'rfc2136:a b'])
      assertProblems(problems({ POSTERN_ACME_DNS: way }), ['POSTERN_ACME_DNS']);
    for (const url of ['http://ca.test/dir', 'ca.test', 'https://user@ca.test/dir'])
      assertProblems(problems({ POSTERN_ACME_DIRECTORY: url }), ['POSTERN_ACME_DIRECTORY']);
  });

  it('rejects one address for both listeners', () => {
    const env = { POSTERN_ADMIN_LISTEN: '127.0.0.1:8080' };
    assertProblems(
      problemsOf(() => loadEdgeConfig(sources({ env }))),
      ['POSTERN_ADMIN_LISTEN'],
    );
  });

  it('rejects unknown POSTERN_ variables, and suggests a similar one', () => {
    const env = { POSTERN_CLIENT_ID: 'x', POSTERN_REDIS_URL: 'redis://x', OTHER_URL: 'x', postern_url: 'x' };
    const problems = problemsOf(() => loadEdgeConfig(sources({ env })));
    assertProblems(problems, ['"POSTERN_OIDC_CLIENT_ID"', 'POSTERN_REDIS_URL']);
  });

  it("knows the agent's variables", () => {
    assert.ok(loadEdgeConfig(sources({ env: { POSTERN_EDGE: 'x', POSTERN_TOKEN: 'x', POSTERN_TOKEN_FILE: 'x' } })));
  });

  it('ignores the variables that Kubernetes sets for a service called postern', () => {
    const env = {
      POSTERN_PORT: 'tcp://10.0.0.1:8080',
      POSTERN_SERVICE_HOST: '10.0.0.1',
      POSTERN_SERVICE_PORT: '8080',
      POSTERN_SERVICE_PORT_HTTP: '8080',
      POSTERN_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      POSTERN_PORT_8080_TCP_ADDR: '10.0.0.1',
      POSTERN_EDGE_PORT: 'tcp://10.0.0.1:8080',
    };
    assert.ok(loadEdgeConfig(sources({ env })));
    assertProblems(
      problemsOf(() => loadEdgeConfig(sources({ env: { POSTERN_PORT: '8080' } }))),
      ['POSTERN_PORT'],
    );
  });

  it('does not take a value from a prototype', () => {
    const file = { path: 'edge.yaml', text: '__proto__: { url: x }\nconstructor: x\n' };
    assertProblems(
      problemsOf(() => loadEdgeConfig(sources({ file }))),
      ['__proto__', 'constructor'],
    );
  });
});

describe('the file of a secret', () => {
  const read = (files: Record<string, string>) => (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };

  it('is read from every source that names it, without the final line end', () => {
    const readSecretFile = read({ '/run/s': `${SECRET}\n`, '/etc/postern/s': `${SECRET}\n` });
    const env = { POSTERN_SECRET: undefined };
    const config = (changes: Partial<Sources>) => loadEdgeConfig(sources({ readSecretFile, ...changes }));
    assert.deepEqual(config({ env: { ...env, POSTERN_SECRET_FILE: '/run/s' } }).secrets, [SECRET]);
    assert.deepEqual(config({ env, flags: { secret_file: '/run/s' } }).secrets, [SECRET]);
    assert.deepEqual(config({ env, dotenv: { path: '.env', text: 'POSTERN_SECRET_FILE=/run/s' } }).secrets, [SECRET]);
    const beside = { path: '/etc/postern/edge.yaml', text: 'secret_file: s' };
    assert.deepEqual(config({ env, file: beside }).secrets, [SECRET]);
  });

  it('overrides a weaker source, but conflicts with the value in the same source', () => {
    const readSecretFile = read({ '/run/s': 'secret f of thirty-two bytes or more' });
    const dotenv = { path: '.env', text: `POSTERN_SECRET=${SECRET}` };
    const env = { POSTERN_SECRET: undefined, POSTERN_SECRET_FILE: '/run/s' };
    assert.deepEqual(loadEdgeConfig(sources({ env, dotenv, readSecretFile })).secrets, [
      'secret f of thirty-two bytes or more',
    ]);
    const both = { POSTERN_SECRET_FILE: '/run/s' };
    assertProblems(
      problemsOf(() => loadEdgeConfig(sources({ env: both, readSecretFile }))),
      ['POSTERN_SECRET_FILE'],
    );
  });

  it('is a problem when it cannot be read or is wrong inside, without its text', () => {
    const env = { POSTERN_SECRET: undefined, POSTERN_SECRET_FILE: '/run/s' };
    const absent = problemsOf(() => loadEdgeConfig(sources({ env, readSecretFile: read({}) })));
    assertProblems(absent, ['POSTERN_SECRET_FILE']);
    assert.match(absent.join(), /ENOENT/);
    const short = problemsOf(() => loadEdgeConfig(sources({ env, readSecretFile: read({ '/run/s': 'hunter2' }) })));
    assertProblems(short, ['POSTERN_SECRET_FILE']);
    assert.doesNotMatch(short.join(), /hunter2/);
    assertProblems(
      problemsOf(() => loadEdgeConfig(sources({ env }))),
      ['POSTERN_SECRET_FILE'],
    );
  });
});

describe('the YAML file', () => {
  const problemsIn = (text: string) => problemsOf(() => loadEdgeConfig(sources({ file: { path: 'edge.yaml', text } })));

  it('may be empty', () => assert.deepEqual(problemsIn(''), []));

  it('keeps every value as it is written, and accepts lists', () => {
    const text =
      'listen: "[::1]:80"\nadmin_listen: 127.0.0.1:0\noidc_client_id: 0123\npublic: true\nallow: ["@acme.com", "*"]\n';
    const config = loadEdgeConfig(
      sources({ env: { POSTERN_OIDC_CLIENT_ID: undefined }, file: { path: 'edge.yaml', text } }),
    );
    assert.equal(config.providers[0]?.clientId, '0123');
    assert.equal(config.publicPermitted, true);
    assert.deepEqual(config.allow, [{ kind: 'domain', domain: 'acme.com' }, { kind: 'anyone' }]);
  });

  it('finds the state folder beside itself, unless the path is absolute', () => {
    const stateDir = (text: string) =>
      loadEdgeConfig(sources({ file: { path: '/etc/postern/edge.yaml', text } })).stateDir;
    assert.equal(stateDir('state_dir: state'), '/etc/postern/state');
    assert.equal(stateDir('state_dir: /var/lib/postern/state'), '/var/lib/postern/state');
  });

  for (const [what, text, name] of [
    ['a key that is no option', 'sesion_ttl: 1h', '"session_ttl"'],
    ['a value that is no text', 'url: { a: b }', 'url in edge.yaml'],
    ['a list in a list', 'allow: [[a]]', 'allow in edge.yaml'],
    ['an empty value', 'url:', 'url in edge.yaml'],
    ['a value that is wrong', 'session_ttl: 12', 'session_ttl in edge.yaml'],
    ['a key twice', 'url: https://a.com\nurl: https://b.com', 'edge.yaml:2:'],
    ['what is no YAML', 'a: [', 'edge.yaml:1:'],
    ['an unquoted rule', '\nallow: @acme.com', 'edge.yaml:2:'],
    ['what is no mapping', '- url', 'edge.yaml'],
    ['a key that is no text', '? [a]\n: b', 'edge.yaml'],
  ] as const) {
    it(`refuses ${what}`, () => assertProblems(problemsIn(text), [name]));
  }

  it('causes no problems about missing options when it cannot be parsed, and other problems are reported', () => {
    const file = { path: 'edge.yaml', text: 'oidc_client_id: a: b\n' };
    const problems = problemsOf(() => loadEdgeConfig({ env: { POSTERN_SESSION_TTL: 'long' }, flags: {}, file }));
    assertProblems(problems, ['edge.yaml:1:', 'POSTERN_SESSION_TTL']);
    assert.equal(problems.length, 2);
  });

  it('rejects aliases that expand without bound', () => {
    const rows = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let at = 1; at < 9; at++)
      rows.push(
        `k${at}: &k${at} [${Array(9)
          .fill(at === 1 ? '*a' : `*k${at - 1}`)
          .join(', ')}]`,
      );
    assert.ok(problemsIn(rows.join('\n')).length > 0);
  });
});

describe('.env', () => {
  it('is read as a shell would, and may have other variables', () => {
    const text =
      '\ufeff# comment\nexport POSTERN_SESSION_TTL="1h"\nFOO\nPOSTERN_OIDC_SCOPES=\'openid email\' # why\n\n';
    const config = loadEdgeConfig(sources({ dotenv: { path: '.env', text } }));
    assert.equal(config.sessionTtlMs, 3_600_000);
    assert.equal(config.providers[0]?.scopes, 'openid email');
  });

  it('must not have POSTERN_ lines without a value, nor unknown POSTERN_ names', () => {
    const text = 'POSTERN_URL: https://a.com\nPOSTERN_LISTN=127.0.0.1:1\nPOSTERN_PUBLIC\n';
    const problems = problemsOf(() => loadEdgeConfig(sources({ dotenv: { path: '.env', text } })));
    assertProblems(problems, ['.env, line 1', '"POSTERN_LISTEN"', '.env, line 3']);
  });
});

describe('loadTokenConfig', () => {
  it('reads the request from flags and the secret as an edge does', () => {
    const flags = { owner: 'Dev@Acme.com', tunnels: 'demo,dev-*', ttl: '30d' };
    const dotenv = { path: '.env', text: `POSTERN_SECRET=${SECRET},${'secret o of thirty-two bytes or more'}` };
    assert.deepEqual(loadTokenConfig({ env: {}, flags, dotenv }), {
      secrets: [SECRET, 'secret o of thirty-two bytes or more'],
      owner: 'dev@acme.com',
      tunnels: ['demo', 'dev-*'],
      ttlMs: 2_592_000_000,
    });
  });

  it('reports every problem at once', () => {
    const problems = problemsOf(() =>
      loadTokenConfig({ env: {}, flags: { owner: 'dev', tunnels: 'A,b_', ttl: '0d' } }),
    );
    assertProblems(problems, ['--owner', '"A"', '"b_"', '--ttl', 'POSTERN_SECRET']);
  });

  it('knows where other nodes reach an edge', () => {
    const store = { POSTERN_STORE_URL: 'redis://:hush@127.0.0.1' };
    const peerOf = (env: Sources['env']) => loadEdgeConfig(sources({ env: { ...store, ...env } })).peer;
    assert.equal(peerOf({}), undefined);
    assert.deepEqual(peerOf({ POSTERN_PEER_LISTEN: 'https://10.0.0.7' }), {
      listen: { host: '10.0.0.7', port: 7_443 },
      url: undefined,
    });
    const everywhere = { POSTERN_PEER_LISTEN: 'https://*:7000', POSTERN_PEER_URL: 'https://edge-1.internal' };
    assert.deepEqual(peerOf(everywhere), {
      listen: { host: '*', port: 7_000 },
      url: { host: 'edge-1.internal', port: 7_443 },
    });
    assert.deepEqual(peerOf({ POSTERN_PEER_LISTEN: 'https://[::1]:0' })?.listen, { host: '::1', port: 0 });
  });

  for (const [what, env, name] of [
    ['listens without a shared store', { POSTERN_PEER_LISTEN: 'https://10.0.0.7' }, 'POSTERN_STORE_URL'],
    ['is dialled and does not listen', { POSTERN_PEER_URL: 'https://10.0.0.7' }, 'POSTERN_PEER_LISTEN'],
    ['is every address', { POSTERN_STORE_URL: 'redis://h', POSTERN_PEER_LISTEN: 'https://[::]' }, 'POSTERN_PEER_URL'],
    [
      'is every address',
      { POSTERN_STORE_URL: 'redis://h', POSTERN_PEER_LISTEN: 'https://0.0.0.0' },
      'POSTERN_PEER_URL',
    ],
    ['has no TLS', { POSTERN_STORE_URL: 'redis://h', POSTERN_PEER_LISTEN: 'http://10.0.0.7' }, 'POSTERN_PEER_LISTEN'],
    [
      'has a path',
      { POSTERN_STORE_URL: 'redis://h', POSTERN_PEER_LISTEN: 'https://10.0.0.7/x' },
      'POSTERN_PEER_LISTEN',
    ],
  ] as const)
    it(`refuses a peer address that ${what}: ${Object.values(env).join(' ')}`, () => {
      assertProblems(
        problemsOf(() => loadEdgeConfig(sources({ env }))),
        [name],
      );
    });
});
