import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatheredOutput } from '../../../src/cli/gathered-output.js';

describe('GatheredOutput', () => {
  it('writes what is told in a short time at once and in order, and what is told later after it', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const written: string[] = [];
    const output = new GatheredOutput({ write: (text) => written.push(text) });
    output.write('one\n');
    output.write('two\n');
    assert.deepEqual(written, []);
    t.mock.timers.tick(20);
    output.write('three\n');
    t.mock.timers.tick(20);
    assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
  });

  it('writes what waits when it is told to, and nothing twice', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const written: string[] = [];
    const output = new GatheredOutput({ write: (text) => written.push(text) });
    output.write('last\n');
    output.flush();
    assert.deepEqual(written, ['last\n']);
    t.mock.timers.tick(20);
    assert.deepEqual(written, ['last\n']);
  });

  it('writes at once what must not be lost, behind what waits', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const written: string[] = [];
    const output = new GatheredOutput({ write: (text) => written.push(text) });
    output.write('waits\n');
    output.writeNow('audit\n');
    assert.deepEqual(written, ['waits\naudit\n']);
  });
});
