import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compiled, run } from '../../../support/processes.js';

const TUNING = pathToFileURL(compiled('../../src/cli/process/tuning.js')).href;

describe('tuneProcess', () => {
  it('does not keep the process alive, and sets only flags that V8 knows', async () => {
    const script = `import { tuneProcess } from '${TUNING}'; tuneProcess(); console.log('tuned');`;
    const ended = await run({ name: 'a tuned process', nodeArgs: ['--input-type=module', '--eval'], script });
    assert.deepEqual(ended, { exit: { code: 0, signal: null }, stdout: 'tuned', stderr: '' });
  });
});
