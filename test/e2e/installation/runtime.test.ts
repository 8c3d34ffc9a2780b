/** What Postern runs on: dependencies past their known holes, none that is abandoned, and a word about old Nodes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { endOfLifeWarning } from '../../../src/cli/process/end-of-life.js';
import { freePort, POSTERN, Program } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

// The first versions without the advisories that were known when this was written; move them up, never down.
const MINIMUMS: Readonly<Record<string, string>> = {
  express: '5.3.0',
  'openid-client': '6.8.9',
  oauth4webapi: '3.8.8',
  jose: '6.2.17',
  ws: '8.23.0',
  'path-to-regexp': '8.4.2',
  qs: '6.17.1',
  cookie: '1.0.2',
  undici: '7.30.2',
};

// Express 5 is on the older line of cookie, where 0.7.0 has the fix (CVE-2024-47764).
const OTHER_LINES: Readonly<Record<string, string>> = { 'cookie 0': '0.7.2' };

// No longer looked after, or the very thing that this replaces.
const ABANDONED = ['http-proxy', 'http-proxy-middleware', 'localtunnel', 'request', 'ngrok', 'node-http-proxy'];

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
}

const lock = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const locked = Object.entries(lock.packages)
  .filter(([path]) => path.startsWith('node_modules/'))
  .map(([path, { version = '0', dev = false }]) => ({
    path,
    name: path.split('node_modules/').at(-1) ?? '',
    version,
    dev,
  }));

describe('the lock file', () => {
  test('O1 holds no copy of a dependency older than its minimum, however deep', () => {
    const old = locked.filter(({ name, version }) => {
      const minimum = OTHER_LINES[`${name} ${version.split('.')[0]}`] ?? MINIMUMS[name];
      return minimum !== undefined && isOlder(version, minimum);
    });
    assert.deepEqual(old, []);
    assert.deepEqual(
      ['express', 'jose', 'openid-client', 'ws'].filter((name) => !locked.some((found) => found.name === name)),
      [],
      'the lock file was not read',
    );
  });

  for (const [one, other, older] of [
    ['8.22.9', '8.23.0', true],
    ['8.23.0', '8.23.0', false],
    ['8.100.0', '8.23.0', false],
    ['10.0.0', '9.9.9', false],
    ['5.3.0-beta.1', '5.3.0', true],
  ] as const) {
    test(`O1 takes ${one} for ${older ? 'older than' : 'good enough beside'} ${other}`, () =>
      assert.equal(isOlder(one, other), older));
  }

  test('O2 holds nothing that is abandoned, nor does a dependency bring it', () => {
    assert.deepEqual(
      locked.filter(({ name, dev }) => !dev && ABANDONED.includes(name)),
      [],
    );
  });

  test('O2 holds nothing that runs a script when it is installed for production, but the optional accelerator', () => {
    const scripted = Object.entries(lock.packages)
      .filter(([, fields]) => 'hasInstallScript' in fields && !fields.dev)
      .map(([path]) => path);
    assert.deepEqual(
      scripted.filter((path) => !/^(|node_modules\/bufferutil)$/.test(path)),
      [],
    );
  });
});

describe('an old Node', () => {
  const today = new Date('2026-12-01');
  for (const [version, isWarned] of [
    ['18.20.8', true],
    ['20.19.0', true],
    ['21.7.3', true],
    ['22.0.0', false],
    ['24.11.0', false],
    ['25.2.0', true],
    ['26.1.0', false],
    ['31.0.0', false],
  ] as const) {
    test(`O3 is ${isWarned ? 'warned of' : 'nothing to speak of'}: ${version}`, () => {
      assert.equal(endOfLifeWarning(version, today) !== undefined, isWarned);
    });
  }

  test('O3 is old from the day after its last one', () => {
    assert.equal(endOfLifeWarning('20.20.0', new Date('2026-04-30T12:00:00Z')), undefined);
    assert.match(endOfLifeWarning('20.20.0', new Date('2026-05-01T00:00:00Z')) ?? '', /Node 20 .*2026-04-30/);
  });

  test('O3 is told at the start of an edge, in one line of its log, and the edge runs', async () => {
    const edge = new Program({
      name: 'edge',
      script: POSTERN,
      args: ['edge'],
      env: {
        POSTERN_URL: 'http://localhost:8080',
        POSTERN_LISTEN: `127.0.0.1:${await freePort()}`,
        POSTERN_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
        POSTERN_SECRET: 'a secret of thirty-two bytes or more for tests',
        POSTERN_OIDC_ISSUER: 'http://localhost:1',
        POSTERN_OIDC_CLIENT_ID: 'edge',
        POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
      },
    });
    await edge.record(({ msg }) => msg === 'edge up');
    // Nobody listens at the provider's address either, which is told in lines without a version.
    const warnings = edge.records().filter(({ level, node }) => level === 'warn' && node !== undefined);
    const expected = endOfLifeWarning(process.versions.node, new Date());
    assert.deepEqual(
      warnings.map(({ msg, node }) => [msg, node]),
      expected === undefined ? [] : [[expected, process.versions.node]],
    );
    await edge.kill();
  });
});

function isOlder(version: string, minimum: string): boolean {
  const read = (text: string) => text.split('-')[0]?.split('.').map(Number) ?? [];
  const [one, other] = [read(version), read(minimum)];
  const at = other.findIndex((part, index) => part !== one[index]);
  return at === -1 ? version.includes('-') : (one[at] ?? 0) < (other[at] ?? 0);
}
