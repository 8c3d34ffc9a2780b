/** docs/redis.md says which attempts all edges count together: exactly those that the sources count so. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AttemptKind } from '../../src/edge/request/attempts.js';
import { PROJECT_ROOT } from '../support/project-root.js';

const TOGETHER: { readonly [kind in Exclude<AttemptKind, 'renewal'>]: string } = {
  'sign-in': 'sign-ins of an address',
  'account-sign-in': 'sign-ins of an account',
  'bad-token': 'refused tokens of agents',
  'bad-access-token': 'refused access tokens',
  knock: 'requests to be let in',
  'wrong-invite': 'links of invites that let in nowhere',
  'device-request': 'requests for device codes',
  'agent-sign-in': 'sign-ins of agents',
  'client-sign-in': 'OAuth clients that an account lets act for it',
  'client-refresh': 'refreshes of their tokens',
  'client-document': 'fetched documents of OAuth clients',
  'client-registration': 'registrations of OAuth clients',
  change: 'changes through the API or the pages',
  'bad-logout-token': 'logout tokens that are not valid',
  'wrong-code': 'wrong user codes of an account',
  'wrong-code-of-address': 'wrong user codes of an address',
};

const edge = join(PROJECT_ROOT, 'src', 'edge');
const sources = readdirSync(edge, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(edge, path), 'utf8'));

/** The kinds of the limits that are made, and what they are given beside the kind. */
const limits = sources.flatMap((text) =>
  [...text.matchAll(/new (?:AttemptLimit|VisitLimit)\(\s*'([\w-]+)'(?:,\s*([^)]*))?\)/g)].map(
    ([, kind = '', more = '']) => [kind, more] as const,
  ),
);

describe('docs/redis.md', () => {
  const page = readFileSync(join(PROJECT_ROOT, 'docs', 'redis.md'), 'utf8');
  const [, section = ''] = page.split('## What edges count together\n');
  const listed = section
    .split('\n## ', 1)
    .flatMap((text) => text.match(/(?<=^- ).*(?=[;.]$)/gm) ?? [])
    .flatMap((line) => line.split(', '));

  test('lists what is counted together, and nothing else', () => {
    assert.deepEqual(listed.sort(), Object.values(TOGETHER).sort());
  });

  test('speaks of limits that are given the counters of the store', () => {
    const shared = limits.filter(([, more]) => more !== '').map(([kind]) => kind);
    const alone = limits.filter(([, more]) => more === '').map(([kind]) => kind);
    assert.deepEqual([...new Set(shared)].sort(), Object.keys(TOGETHER).sort());
    assert.deepEqual(alone, ['renewal']);
  });
});
