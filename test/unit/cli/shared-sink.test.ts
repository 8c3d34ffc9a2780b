import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchedOutput } from '../../../src/cli/output/batched-output.js';
import { SharedSink } from '../../../src/cli/output/shared-sink.js';

/** Writes lines, and gives what was written at a time. */
function written(text: string): Promise<string[]> {
  const pieces: string[] = [];
  const sink = new SharedSink({
    write: (piece, done) => {
      pieces.push(piece);
      setImmediate(done);
    },
  });
  return new Promise((resolve) => sink.write(text, () => resolve(pieces)));
}

describe('a sink that several processes share', () => {
  it('writes whole lines, no more than the system takes in one piece', async () => {
    const lines = Array.from({ length: 100 }, (_, at) => `${'ü'.repeat(at)}\n`);
    const pieces = await written(lines.join(''));
    assert.equal(pieces.join(''), lines.join(''));
    assert.ok(pieces.length > 1);
    for (const piece of pieces) {
      assert.ok(Buffer.byteLength(piece) <= 4_096);
      assert.ok(piece.endsWith('\n'));
    }
  });

  it('writes a longer line by itself', async () => {
    const long = `${'x'.repeat(10_000)}\n`;
    assert.deepEqual(await written(`a\n${long}b\n`), ['a\n', long, 'b\n']);
  });

  it('writes the rest when the process exits, though nothing else waits', () => {
    let written = '';
    const never = (piece: string) => {
      written += piece;
    };
    const output = new BatchedOutput(new SharedSink({ write: never }));
    const lines = `${'x'.repeat(99)}\n`.repeat(100);
    output.writeNow(lines);
    assert.ok(written.length < lines.length);
    output.flushLast();
    assert.equal(written, lines);
  });

  it('gives up the rest at a failure, which the next write tries again', async () => {
    let failures = 1;
    let kept = '';
    const pieces: string[] = [];
    const sink = new SharedSink({
      // A sink keeps what it could not write.
      write: (piece, done) => {
        kept += piece;
        if (failures-- > 0) return done(new Error('full'));
        pieces.push(kept);
        kept = '';
        done();
      },
    });
    const first = await new Promise((resolve) => sink.write('a\n', resolve));
    assert.ok(first instanceof Error);
    await new Promise<void>((resolve) => sink.write('', () => resolve()));
    assert.deepEqual(pieces, ['a\n']);
  });
});
