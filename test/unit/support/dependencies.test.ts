/** docs/dependencies.md says why each package is in the product: here it is held to package-lock.json. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { broughtBy, directDependencies, productionPackages } from '../../support/lock-file.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

interface Row {
  readonly name: string;
  readonly reason: string;
  readonly brings: readonly string[];
}

const rows: readonly Row[] = readFileSync(join(PROJECT_ROOT, 'docs', 'dependencies.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, name = '', reason = '', brings = ''] = /^\| `([^`]+)` \| (.+?) \| (.*) \|$/.exec(line) ?? [];
    return name === ''
      ? []
      : [{ name, reason, brings: [...brings.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word) }];
  });

describe('docs/dependencies.md', () => {
  test('has one row for each direct dependency, with a reason', () => {
    assert.deepEqual(rows.map(({ name }) => name).sort(), [...directDependencies()].sort());
    for (const { name, reason } of rows) assert.ok(reason.length > 40, name);
  });

  test('has every package of the product, and none that is gone', () => {
    const told = new Set(rows.flatMap(({ name, brings }) => [name, ...brings]));
    assert.deepEqual([...told].sort(), [...productionPackages()].sort());
  });

  for (const { name, brings } of rows) {
    test(`says of ${name} what it brings`, () => assert.deepEqual([...brings].sort(), [...broughtBy(name)].sort()));
  }
});
