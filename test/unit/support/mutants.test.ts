/** The table of `npm run mutants` cannot rot: each fault still has its place in the source, and its tests are there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mutate } from '../../mutants/mutant.js';
import { MUTANTS } from '../../mutants/table.js';
import { PROJECT_ROOT } from '../../support/project-root.js';

describe('the table of deliberate faults', () => {
  for (const mutant of MUTANTS) {
    test(`applies to ${mutant.file}: ${mutant.fault}`, () => {
      assert.ok(mutant.tests.length > 0);
      mutate(PROJECT_ROOT, mutant);
    });
  }

  test('has each fault once', () => {
    const names = MUTANTS.map(({ file, fault }) => `${file}: ${fault}`);
    assert.equal(new Set(names).size, names.length);
  });

  test('names an entry whose text is not there, or there more than once, or whose file or test is gone', () => {
    const good = { file: 'package.json', fault: 'a fault', before: '"name"', after: '', tests: [] };
    mutate(PROJECT_ROOT, good);
    for (const bad of [{ before: 'nowhere' }, { before: '"' }, { file: 'gone.ts' }, { tests: ['gone.test.ts'] }]) {
      assert.throws(() => mutate(PROJECT_ROOT, { ...good, ...bad }), /stale entry "a fault"/);
    }
  });
});
