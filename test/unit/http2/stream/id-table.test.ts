/** The table of live streams: it behaves like a map, but leaves no garbage that survives. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { StreamIdTable } from '../../../../src/http2/stream/id-table.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' | 'major' }) => void;

const id = fc.integer({ min: 0, max: 60 }).map((count) => 2 * count + 1);
// All in one place of a table of 64: what a peer would choose.
const collidingId = fc.integer({ min: 0, max: 40 }).map((count) => 128 * count + 1);
const steps = fc.array(fc.record({ id: fc.oneof(id, collidingId), act: fc.constantFrom('add', 'delete') }), {
  maxLength: 400,
});

describe('the live streams', () => {
  it('are those that were added and not deleted, whatever their identifiers', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const live = new StreamIdTable<{ id: number }>();
        const model = new Map<number, { id: number }>();
        for (const { id, act } of list) {
          const stream = { id };
          if (act === 'delete') live.delete(id);
          else if (!model.has(id)) live.add(stream);
          if (act === 'delete') model.delete(id);
          else if (!model.has(id)) model.set(id, stream);
          assert.equal(live.size, model.size);
        }
        for (const step of list) assert.equal(live.get(step.id), model.get(step.id));
        assert.deepEqual(new Set(live), new Set(model.values()));
      }),
    );
  });

  it('may be many, and leave no memory behind', () => {
    const live = new StreamIdTable<{ id: number }>();
    for (let id = 1; id < 10_000; id += 2) live.add({ id });
    for (let id = 1; id < 10_000; id += 2) assert.equal(live.get(id)?.id, id);
    for (let id = 1; id < 10_000; id += 2) live.delete(id);
    assert.deepEqual([live.size, [...live], live.get(1)], [0, [], undefined]);
  });

  it('do not survive a minor collection once they have ended, however old their table is', () => {
    const live = new StreamIdTable<{ id: number; bytes: number[] }>();
    const pass = (from: number) => {
      for (let id = from; id < from + 20_000; id += 2) {
        live.add({ id, bytes: new Array<number>(100).fill(id) }); // 800 bytes
        live.delete(id - 20);
      }
    };
    pass(1);
    collect({ type: 'major' });
    collect({ type: 'major' });
    const before = process.memoryUsage().heapUsed;
    for (let round = 1; round <= 5; round++) {
      pass(1 + round * 20_000);
      collect({ type: 'minor' });
      collect({ type: 'minor' });
    }
    // Of the 40 MB that came and went; with a `Map` more than a third of it stays.
    assert.ok(process.memoryUsage().heapUsed - before < 4_000_000);
  });
});
