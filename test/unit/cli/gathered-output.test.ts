import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { GatheredOutput } from '../../../src/cli/gathered-output.js';

function gathering(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: string[] = [];
  return { output: new GatheredOutput({ write: (text) => written.push(text) }), written };
}

describe('GatheredOutput', () => {
  it('writes what is told in a short time at once and in order, and what is told later after it', (t) => {
    const { output, written } = gathering(t);
    output.write('one\n');
    output.write('two\n');
    assert.deepEqual(written, []);
    t.mock.timers.tick(20);
    output.write('three\n');
    t.mock.timers.tick(20);
    assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
  });

  it('writes what waits when it is told to, and nothing twice', (t) => {
    const { output, written } = gathering(t);
    output.write('last\n');
    output.flush();
    assert.deepEqual(written, ['last\n']);
    t.mock.timers.tick(20);
    assert.deepEqual(written, ['last\n']);
  });

  it('writes at once what must not be lost, behind what waits', (t) => {
    const { output, written } = gathering(t);
    output.write('waits\n');
    output.writeNow('audit\n');
    assert.deepEqual(written, ['waits\naudit\n']);
  });
});
