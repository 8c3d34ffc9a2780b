import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BatchedOutput, type BatchedOutputOptions } from '../../../../src/cli/output/batched-output.js';

function gathering(t: TestContext, options: BatchedOutputOptions = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: string[] = [];
  return {
    output: new BatchedOutput(
      {
        write: (text, done) => {
          written.push(text);
          done();
        },
      },
      options,
    ),
    written,
  };
}

describe('BatchedOutput', () => {
  it('writes lines of a short time at once and in order, and later lines after them', (t) => {
    const { output, written } = gathering(t);
    output.write('one\n');
    output.write('two\n');
    assert.deepEqual(written, []);
    t.mock.timers.tick(20);
    output.write('three\n');
    t.mock.timers.tick(20);
    assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
  });

  it('lets lines wait as long as it was told', (t) => {
    const { output, written } = gathering(t, { batchMs: 100 });
    output.write('one\n');
    t.mock.timers.tick(99);
    assert.deepEqual(written, []);
    output.write('two\n');
    t.mock.timers.tick(1);
    assert.deepEqual(written, ['one\ntwo\n']);
  });

  it('writes at once what fills an empty pipe', (t) => {
    const { output, written } = gathering(t);
    const line = `${'x'.repeat(19_999)}\n`;
    output.write(line);
    output.write(line);
    assert.deepEqual(written, []);
    output.write(line);
    assert.deepEqual(written, [line.repeat(3)]);
    output.write('next\n');
    t.mock.timers.tick(20);
    assert.deepEqual(written.slice(1), ['next\n']);
  });

  it('writes what waits when flushed, and nothing twice', (t) => {
    const { output, written } = gathering(t);
    output.write('last\n');
    output.flush();
    assert.deepEqual(written, ['last\n']);
    t.mock.timers.tick(20);
    assert.deepEqual(written, ['last\n']);
  });

  it('writes at once what must not be lost, after what waits', (t) => {
    const { output, written } = gathering(t);
    output.write('waits\n');
    output.writeNow('audit\n');
    assert.deepEqual(written, ['waits\naudit\n']);
  });

  it('drops and counts lines without room while the sink is stalled, and reports them when it can', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { output, written, finish } = stuck();
    const line = `${'x'.repeat(999_999)}\n`;
    output.writeNow('first\n');
    for (let count = 0; count < 9; count++) output.write(line);
    assert.deepEqual(written, ['first\n']);
    assert.equal(output.droppedLines, 6);
    finish();
    assert.deepEqual(written.slice(1), [`${line.repeat(3)}6 dropped\n`]);
    finish();
    output.writeNow('again\n');
    assert.equal(written.at(-1), 'again\n');
    assert.ok(output.isFlowing);
  });

  it('lets a sink write what it has kept when the process exits, once', () => {
    const last: string[] = [];
    const output = new BatchedOutput({ write() {}, writeLast: (text) => last.push(text) });
    output.flushLast();
    output.writeNow('kept by the sink\n');
    output.flushLast();
    output.flushLast();
    assert.deepEqual(last, ['']);
  });

  it('keeps room for lines that must not be lost', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { output, written, finish } = stuck();
    output.writeNow('first\n');
    for (let count = 0; count < 9; count++) output.write('x'.repeat(1_000_000));
    output.writeNow('audit\n');
    finish();
    assert.match(written[1] ?? '', /audit\n6 dropped\n$/);
  });

  it('reports a temporary failure of the sink once, keeps what waits, and is not flowing meanwhile', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { output, written, finish, failures } = stuck();
    output.writeNow('kept by the sink\n');
    finish('ENOSPC');
    output.writeNow('waits\n');
    t.mock.timers.tick(1_000);
    finish('ENOSPC');
    assert.deepEqual(failures, ['ENOSPC false']);
    assert.equal(output.isFlowing, false);
    t.mock.timers.tick(1_000);
    finish();
    assert.deepEqual(written, ['kept by the sink\n', '', '', 'waits\n']);
    finish();
    assert.equal(output.isFlowing, true);
  });

  it('writes nothing more to a sink whose reader has gone', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { output, written, finish, failures } = stuck();
    output.writeNow('one\n');
    finish('EPIPE');
    output.writeNow('two\n');
    t.mock.timers.tick(5_000);
    assert.deepEqual([written, failures, output.isGone, output.droppedLines], [['one\n'], ['EPIPE true'], true, 1]);
  });

  it('passes lines without room to the overflow, if there is one', () => {
    const overflow: string[] = [];
    const output = new BatchedOutput({ write() {} }, { overflow: (line) => overflow.push(line) });
    output.writeNow('x'.repeat(8_000_000));
    output.writeNow('last\n');
    assert.deepEqual(overflow, ['last\n']);
  });
});

/** An output whose sink finishes a write only when the test says so. */
function stuck() {
  const written: string[] = [];
  const failures: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const output = new BatchedOutput(
    {
      write: (text, done) => {
        written.push(text);
        waiting.push(done);
      },
    },
    {
      droppedLine: (count) => `${count} dropped\n`,
      failed: ({ code }, isGone) => failures.push(`${code} ${isGone}`),
    },
  );
  const finish = (code?: string) => {
    waiting.shift()?.(code === undefined ? undefined : Object.assign(new Error(code), { code }));
  };
  return { output, written, finish, failures };
}
