import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteRing } from '../../../../src/agent/inspector/byte-ring.js';

const SLAB = 4_096;

describe('a ring of bytes', () => {
  it('has the next slab touched before it needs it, one at a time, and never more of them than it has places', () => {
    const touching: { readonly slab: Buffer; readonly touched: () => void }[] = [];
    const ring = new ByteRing(4 * SLAB, (slab, touched) => touching.push({ slab, touched }));
    const page = (n: number) => Buffer.alloc(SLAB, n);
    ring.append(page(1));
    assert.equal(touching.length, 0, 'the first slab may be all that is ever needed');
    ring.append(page(2));
    ring.append(page(3));
    assert.equal(touching.length, 1);
    touching[0]?.slab.fill(99);
    touching[0]?.touched();
    ring.append(page(4));
    assert.deepEqual(touching[0]?.slab, page(4));
    for (let n = 5; n < 50; n++) {
      ring.free(ring.head - 3 * SLAB);
      ring.append(page(n));
      for (const { touched } of touching.splice(1)) touched();
      const read = Buffer.alloc(2 * SLAB);
      assert.ok(ring.read(ring.head - read.length, read));
      assert.deepEqual(read, Buffer.concat([page(n - 1), page(n)]));
      assert.ok(touching.length <= 2);
    }
  });

  it('keeps what is written while the next slab is touched', async () => {
    const ring = new ByteRing(64 * SLAB);
    for (let n = 0; n < 40; n++) {
      ring.append(Buffer.alloc(SLAB, n));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let n = 0; n < 40; n++) {
      const read = Buffer.alloc(SLAB);
      assert.ok(ring.read(n * SLAB, read));
      assert.deepEqual(read, Buffer.alloc(SLAB, n));
    }
  });
});
