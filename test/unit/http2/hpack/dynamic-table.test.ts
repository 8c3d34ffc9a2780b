import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DynamicTable, fieldBytes } from '../../../../src/http2/hpack/dynamic-table.js';
import { contents } from './support.js';

function field(name: string, value = ''): { name: string; value: string } {
  return { name, value };
}

describe('a dynamic table', () => {
  it('counts 32 octets for each entry in addition to its name and value (4.1)', () => {
    const table = new DynamicTable(100);
    table.add(field('ab', 'cde'));
    assert.equal(table.sizeBytes, 37);
    assert.equal(fieldBytes('ab', 'cde'), 37);
  });

  it('returns the newest first and nothing past the oldest', () => {
    const table = new DynamicTable(1000);
    for (const name of ['a', 'b', 'c']) table.add(field(name));
    assert.deepEqual(contents(table), ['c', '', 'b', '', 'a', '']);
    assert.equal(table.get(3), undefined);
    assert.equal(table.get(1_000_000), undefined);
  });

  it('evicts the oldest, only as many as it must, and reports them', () => {
    const evicted: string[] = [];
    const table = new DynamicTable(3 * 33, ({ name }) => evicted.push(name));
    for (const name of ['a', 'b', 'c']) table.add(field(name));
    assert.deepEqual(evicted, []);
    table.add(field('d'));
    assert.deepEqual(evicted, ['a']);
    table.add(field('e', 'x'));
    assert.deepEqual(evicted, ['a', 'b', 'c']);
    assert.deepEqual(contents(table), ['e', 'x', 'd', '']);
  });

  it('holds an entry of exactly its size', () => {
    const table = new DynamicTable(34);
    table.add(field('ab'));
    assert.equal(table.sizeBytes, 34);
  });

  it('is emptied by an entry larger than itself (4.4)', () => {
    const table = new DynamicTable(66);
    table.add(field('a'));
    table.add(field('b', 'x'.repeat(66)));
    assert.deepEqual(contents(table), []);
    assert.equal(table.sizeBytes, 0);
  });

  it('evicts when it shrinks, and keeps what it has when it grows (4.3)', () => {
    const table = new DynamicTable(1000);
    for (const name of ['a', 'b', 'c']) table.add(field(name));
    table.resize(70);
    assert.deepEqual(contents(table), ['c', '', 'b', '']);
    table.resize(1000);
    assert.deepEqual(contents(table), ['c', '', 'b', '']);
    table.resize(0);
    assert.equal(table.sizeBytes, 0);
    table.add(field(''));
    assert.deepEqual(contents(table), []);
  });

  it('behaves like a plain list, whatever is done to it', () => {
    const step = fc.oneof(
      { weight: 10, arbitrary: fc.record({ value: fc.string({ maxLength: 60 }) }) },
      { weight: 1, arbitrary: fc.record({ size: fc.nat({ max: 3000 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new DynamicTable(2000);
        let list: string[] = [];
        for (const each of steps) {
          if ('size' in each) table.resize(each.size);
          else {
            table.add(field('n', each.value));
            list.unshift(each.value);
          }
          let bytes = 0;
          const end = list.findIndex((value) => {
            bytes += fieldBytes('n', value);
            return bytes > table.maxBytes;
          });
          if (end !== -1) list = list.slice(0, end);
          assert.deepEqual(
            contents(table),
            list.flatMap((value) => ['n', value]),
          );
        }
      }),
    );
  });
});
