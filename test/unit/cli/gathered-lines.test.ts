import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatheredLines } from '../../../src/cli/gathered-lines.js';

function gathering() {
  const written: string[] = [];
  return { written, lines: new GatheredLines({ write: (text: string) => void written.push(text) }) };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('the lines of a turn', () => {
  it('leave together, in order, once it is over', async () => {
    const { written, lines } = gathering();
    for (const line of ['one\n', 'two\n', 'three\n']) lines.write(line);
    assert.deepEqual(written, []);
    await nextTurn();
    assert.deepEqual(written, ['one\ntwo\nthree\n']);
    lines.write('four\n');
    await nextTurn();
    assert.deepEqual(written, ['one\ntwo\nthree\n', 'four\n']);
  });

  it('do not pile up in a turn that has much to say', () => {
    const { written, lines } = gathering();
    const line = `${'x'.repeat(999)}\n`;
    for (let at = 0; at < 1_000; at++) lines.write(line);
    assert.ok(written.length > 10);
    lines.flush();
    assert.equal(written.join(''), line.repeat(1_000));
  });

  it('are written once, whoever asks first', async () => {
    const { written, lines } = gathering();
    lines.write('last words\n');
    lines.flush(); // as a process that exits does
    await nextTurn();
    assert.deepEqual(written, ['last words\n']);
  });
});
