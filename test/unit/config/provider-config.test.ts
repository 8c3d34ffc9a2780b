/** Several identity providers in the file of options, and what may be wrong with them. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.js';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';
import { callbackPath } from '../../../src/config/provider-config.js';
import { PROVIDER_OPTIONS } from '../../../src/config/provider-options.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

const SECRET = { POSTERN_SECRET: 'secret k of thirty-two bytes or more' };
const FLAT = { POSTERN_OIDC_CLIENT_ID: 'flat', POSTERN_OIDC_CLIENT_SECRET: 'hush' };

function load(text: string, env: Readonly<Record<string, string>> = {}) {
  const readSecretFile = (path: string) => `content of ${path}`;
  return loadEdgeConfig({
    flags: {},
    env: { ...SECRET, ...env },
    file: { path: '/etc/edge.yaml', text },
    readSecretFile,
  });
}

function problemsOf(text: string, env?: Readonly<Record<string, string>>): readonly string[] {
  try {
    load(text, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

const one = (id: string, more = '') =>
  `  ${id}:\n    issuer: https://${id}.test\n    client_id: c\n    client_secret_file: s\n${more}`;

describe('providers', () => {
  it('are the flat one, then those of the file in its order', () => {
    const more = '    label: Übung\n    domains: [ACME.com, b.test]\n    scopes: openid groups\n';
    const { providers } = load(`providers:\n${one('b', more)}${one('a-1')}`, FLAT);
    assert.deepEqual(
      providers.map(({ id, issuer, clientSecret }) => [id, issuer, clientSecret]),
      [
        ['oidc', 'https://accounts.google.com', 'hush'],
        ['b', 'https://b.test', 'content of /etc/s'],
        ['a-1', 'https://a-1.test', 'content of /etc/s'],
      ],
    );
    const { label, domains, scopes, groupsClaim } = providers[1] ?? assert.fail();
    assert.deepEqual(
      [label, domains, scopes, groupsClaim],
      ['Übung', ['acme.com', 'b.test'], 'openid groups', 'groups'],
    );
  });

  it('need no flat one', () => {
    assert.deepEqual(
      load(`providers:\n${one('a')}`).providers.map(({ id }) => id),
      ['a'],
    );
  });

  it('have their secrets in variables of their ids', () => {
    const text = 'providers:\n  a-1:\n    issuer: https://a.test\n    client_id: c\n';
    const name = 'POSTERN_PROVIDER_A_1_CLIENT_SECRET';
    assert.equal(load(text, { [name]: 'x' }).providers[0]?.clientSecret, 'x');
    assert.equal(load(text, { [`${name}_FILE`]: '/s' }).providers[0]?.clientSecret, 'content of /s');
    assert.match(
      problemsOf(text).join(),
      /^POSTERN_PROVIDER_A_1_CLIENT_SECRET \(or .*_FILE\) is not set: expected the client secret/,
    );
  });

  it('have a private key in place of a secret', () => {
    const key = String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const text = 'providers:\n  a-1:\n    issuer: https://a.test\n    client_id: c\n';
    const { clientSecret, clientKey } =
      load(text, { POSTERN_PROVIDER_A_1_CLIENT_KEY: key }).providers[0] ?? assert.fail();
    assert.deepEqual([clientSecret, clientKey?.algorithms[0]], [undefined, 'EdDSA']);
    const flat = { POSTERN_OIDC_CLIENT_ID: 'flat', POSTERN_OIDC_CLIENT_KEY: key };
    assert.equal(load('', flat).providers[0]?.clientSecret, undefined);
    for (const more of ['', text]) {
      assert.match(
        problemsOf(more, { ...FLAT, ...flat, POSTERN_PROVIDER_A_1_CLIENT_SECRET: 's' }).join(),
        /^POSTERN_OIDC_CLIENT_SECRET and POSTERN_OIDC_CLIENT_KEY are both set/,
      );
    }
    assert.match(
      problemsOf('providers:\n  gh:\n    type: github\n    client_id: c\n', {
        POSTERN_PROVIDER_GH_CLIENT_KEY: key,
      }).join(),
      /^POSTERN_PROVIDER_GH_CLIENT_KEY: GitHub has no such option/,
    );
  });

  it('have redirect URIs that differ', () => {
    assert.deepEqual(['oidc', 'a'].map(callbackPath), ['/oauth2/callback', '/oauth2/callback/a']);
  });

  for (const [what, text, env, problem] of [
    [
      'an unknown id in a variable',
      `providers:\n${one('a')}`,
      { POSTERN_PROVIDER_B_CLIENT_SECRET: 'x' },
      /^POSTERN_PROVIDER_B_CLIENT_SECRET is for no provider/,
    ],
    [
      'the id of the flat one',
      `providers:\n${one('oidc')}`,
      {},
      /provider "oidc" in \/etc\/edge\.yaml: expected an id/,
    ],
    ['an id that is no part of a path', `providers:\n${one('A/b')}`, {}, /provider "A\/b".*expected an id/],
    [
      'an issuer twice',
      `providers:\n${one('a')}  b:\n    issuer: https://a.test/\n    client_id: c\n    client_secret: s\n`,
      {},
      /"a" and "b" have one issuer/,
    ],
    [
      'no issuer',
      'providers:\n  a:\n    client_id: c\n    client_secret: s\n',
      {},
      /^issuer of provider "a" in \/etc\/edge\.yaml is empty/,
    ],
    [
      'an unknown key',
      `providers:\n${one('a', '    isuer: x\n')}`,
      {},
      /^isuer in provider "a".*did you mean "issuer"/,
    ],
    [
      'a domain that is none',
      `providers:\n${one('a', '    domains: ["@acme.com"]\n')}`,
      {},
      /^domains in provider "a".*is not a domain/,
    ],
    [
      'half of the flat one',
      `providers:\n${one('a')}`,
      { POSTERN_OIDC_CLIENT_SECRET: 'x' },
      /POSTERN_OIDC_CLIENT_ID is not: expected both or none/,
    ],
    ['a list', 'providers: [a]\n', FLAT, /^providers in \/etc\/edge\.yaml: expected a mapping/],
    [
      'addresses that nobody verifies',
      'providers:\n  a:\n    issuer: https://accounts.google.com\n    client_id: c\n    client_secret: s\n    email_verified: accept-missing\n',
      {},
      /^email_verified of provider "a": accept-missing is not for the issuer/,
    ],
  ] as const) {
    it(`may not have ${what}`, () => {
      const problems = problemsOf(text, env);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
    });
  }

  it('may be GitHub, which needs no issuer', () => {
    const text = 'providers:\n  gh:\n    type: github\n    client_id: c\n    client_secret: s\n';
    const { kind, issuer, scopes } = load(text).providers[0] ?? assert.fail();
    assert.deepEqual([kind, issuer, scopes], ['github', 'https://github.com', 'user:email read:org']);
    assert.match(problemsOf(`${text}    scopes: read:org\n`).join(), /"user:email" is missing/);
    assert.match(
      problemsOf(`${text}    domains: [acme.com]\n`).join(),
      /^domains in provider "gh".*GitHub has no such option/,
    );
    assert.match(
      problemsOf(text, { POSTERN_AGENTS: '*' }).join(),
      /^POSTERN_AGENTS: "\*" is not for the issuer https:\/\/github\.com/,
    );
    assert.match(
      problemsOf(text.replace('github', 'gitlab')).join('\n'),
      /^type in provider "gh".*expected oidc or github/m,
    );
    const flat = { ...FLAT, POSTERN_OIDC_ISSUER: 'https://github.com' };
    assert.match(problemsOf('', flat).join(), /^POSTERN_OIDC_ISSUER: GitHub does not speak OpenID Connect/);
  });

  it('are at most ten', () => {
    const ids = Array.from({ length: 10 }, (_, at) => one(`p${at}`));
    assert.match(problemsOf(`providers:\n${ids.join('')}`).join(), /too many/);
  });

  it('have each of their keys on the page about them', () => {
    const page = readFileSync(join(PROJECT_ROOT, 'docs', 'providers.md'), 'utf8');
    for (const key of Object.keys(PROVIDER_OPTIONS)) assert.match(page, new RegExp(`^\\| .*\`${key}\``, 'm'), key);
  });
});
