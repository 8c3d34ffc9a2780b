import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compiled, run } from '../../../support/processes.js';

const TUNING = pathToFileURL(compiled('../../src/cli/process/tuning.js')).href;

describe('tuneProcess', () => {
  it('lets a process end that has nothing to do, and asks V8 for nothing that it does not know', async () => {
    const script = `import { tuneProcess } from '${TUNING}'; tuneProcess(); console.log('tuned');`;
    const ended = await run({ name: 'a tuned process', nodeArgs: ['--input-type=module', '--eval'], script });
    assert.deepEqual(ended, { exit: { code: 0, signal: null }, stdout: 'tuned', stderr: '' });
  });
});
