/** docs/errors.md is held to the code: each code once, with its status and whether it is retryable; each exit code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EXIT } from '../../src/cli/process/exit.js';
import { type ErrorCode, PosternError } from '../../src/errors.js';
import { PROJECT_ROOT } from '../support/project-root.js';

const page = readFileSync(join(PROJECT_ROOT, 'docs', 'errors.md'), 'utf8');
const source = readFileSync(join(PROJECT_ROOT, 'src', 'errors.ts'), 'utf8');

describe('docs/errors.md', () => {
  const codes = [...source.matchAll(/^ {2}(ERR_[A-Z_]+): \{/gm)].map(([, code = '']) => code);
  const rows = [
    ...page.matchAll(/^\| `(ERR_[A-Z_]+)` \| (\d+) \| (yes|no) \|/gm),
    ...page.matchAll(/^`(ERR_[A-Z_]+)` \((\d+), (not) retryable\)/gm),
  ];

  test('has each code once', () => {
    assert.ok(codes.length > 25, `${codes.length} codes`);
    assert.deepEqual(rows.map(([, code]) => code).sort(), codes.sort());
  });

  for (const [, code = '', status, retryable] of rows) {
    test(`says of ${code} what the code does`, () => {
      const error = new PosternError(code as ErrorCode);
      assert.deepEqual([Number(status), retryable === 'yes'], [error.status, error.retryable]);
    });
  }

  test('has each exit code once', () => {
    const exits = [...page.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
    assert.deepEqual(exits, Object.values(EXIT));
  });
});
