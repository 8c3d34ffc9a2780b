import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { liveNames } from '../../../../src/cli/completion/names.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

describe('the names that a shell completes', () => {
  it('are for "postern start" the tunnels and groups of the file', async () => {
    const path = join(temporaryFolder('names'), 'several.yaml');
    writeFileSync(path, 'tunnels: { web: { target: 1 }, docs: { target: 2 } }\ngroups: { day: [web, docs] }\n');
    assert.deepEqual(await liveNames('described', ['start', '--config', path]), ['web', 'docs', 'day']);
  });
});
