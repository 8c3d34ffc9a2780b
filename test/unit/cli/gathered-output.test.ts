import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatheredOutput } from '../../../src/cli/gathered-output.js';

describe('GatheredOutput', () => {
  it('writes what one turn tells at once and in order, and what the next turn tells after it', async () => {
    const written: string[] = [];
    const output = new GatheredOutput({ write: (text) => written.push(text) });
    output.write('one\n');
    output.write('two\n');
    assert.deepEqual(written, []);
    await nextTurn();
    output.write('three\n');
    await nextTurn();
    assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
  });

  it('writes what waits when it is told that no turn follows, and nothing twice', async () => {
    const written: string[] = [];
    const output = new GatheredOutput({ write: (text) => written.push(text) });
    output.write('last\n');
    output.flush();
    assert.deepEqual(written, ['last\n']);
    await nextTurn();
    assert.deepEqual(written, ['last\n']);
  });
});
