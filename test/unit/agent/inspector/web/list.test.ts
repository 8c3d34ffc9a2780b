/** The list of the inspector's page: order, changes, what is in the document; the address and the suggestions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clearedTo, merge, neighbour, type Rows } from '../../../../../src/agent/inspector/web/list/rows.js';
import { anchorOf, topToShow, visibleSlice } from '../../../../../src/agent/inspector/web/list/window.js';
import { readAddress, writeAddress } from '../../../../../src/agent/inspector/web/state/address.js';
import { suggestions } from '../../../../../src/agent/inspector/web/state/suggest.js';
import { rowWith } from './rows.js';

const seqs = (rows: Rows) => rows.map(({ seq }) => seq);
const rowsOf = (...numbers: readonly number[]) => numbers.map((seq) => rowWith(seq));

describe('the rows', () => {
  test('are newest first, whatever the order in which they come', () => {
    assert.deepEqual(seqs(merge(rowsOf(5, 3), rowsOf(4, 7, 6))), [7, 6, 5, 4, 3]);
    assert.deepEqual(seqs(merge(rowsOf(5, 3), rowsOf(2, 1))), [5, 3, 2, 1]);
  });

  test('are changed in their place', () => {
    const changed = merge(rowsOf(3, 2, 1), [rowWith(2, { state: 'failed' }), rowWith(2, { state: 'aborted' })]);
    assert.deepEqual(
      changed.map(({ state }) => state),
      ['done', 'aborted', 'done'],
    );
  });

  test('stay the same list when nothing has come', () => {
    const rows = rowsOf(2, 1);
    assert.equal(merge(rows, []), rows);
  });

  test('are bounded; pins stay', () => {
    const rows = merge([rowWith(2), rowWith(1, { pinned: true }), rowWith(0)], rowsOf(4, 3), 3);
    assert.deepEqual(seqs(rows), [4, 3, 2, 1]);
  });

  test('are cleared to those that are kept', () => assert.deepEqual(seqs(clearedTo(rowsOf(3, 2, 1), ['x2'])), [2]));

  test('have neighbours, and ends', () => {
    const rows = rowsOf(3, 2, 1);
    assert.deepEqual(
      [neighbour(rows, null, 1), neighbour(rows, 'x3', -1), neighbour(rows, 'x3', 1), neighbour(rows, 'x1', 5)].map(
        (row) => row?.seq,
      ),
      [3, 3, 2, 1],
    );
    assert.equal(neighbour([], null, 1), undefined);
  });
});

describe('the window on the rows', () => {
  const view = { top: 3_200, height: 640, rowHeight: 32 };

  test('has those in sight and a few around them', () => {
    assert.deepEqual(visibleSlice(view, 10_000), { from: 92, to: 128 });
    assert.deepEqual(visibleSlice({ ...view, top: 0 }, 5), { from: 0, to: 5 });
    assert.deepEqual(visibleSlice(view, 5), { from: 5, to: 5 });
  });

  test('moves no further than it must', () => {
    assert.deepEqual([topToShow(view, 100), topToShow(view, 99), topToShow(view, 120)], [undefined, 3_168, 3_232]);
  });

  test('is anchored on the first row in sight', () => {
    assert.deepEqual(anchorOf(['a', 'b', 'c'], { ...view, top: 40 }), { id: 'b', offset: 8 });
    assert.equal(anchorOf([], view), undefined);
  });
});

describe('the address', () => {
  test('keeps the filter and the open exchange, and never the key', () => {
    const address = readAddress('#key=s3cret&filter=status%3A5xx+%22a+%26+b%22&open=x1');
    assert.deepEqual(address, { key: 's3cret', filter: 'status:5xx "a & b"', open: 'x1' });
    assert.deepEqual(readAddress(writeAddress(address)), { ...address, key: undefined });
    assert.equal(writeAddress({ filter: '', open: null }), '');
  });
});

describe('suggestions', () => {
  const rows = [
    rowWith(1, { person: 'ana@acme.com' }),
    rowWith(2, { person: 'ana@acme.com' }),
    rowWith(3, { person: 'ben@acme.com' }),
  ];
  const offered = (text: string) => suggestions(text, rows).map((one) => one.text);

  test('are keys, then values that occur, most often first', () => {
    assert.deepEqual(offered('status:5xx -per'), ['status:5xx -person:']);
    assert.deepEqual(offered('-person:'), ['-person:ana@acme.com', '-person:ben@acme.com']);
    assert.deepEqual(offered('x person:BE'), ['x person:ben@acme.com']);
    assert.deepEqual(offered('status:4'), ['status:4xx']);
  });

  test('are none for what is no key, or is complete', () => {
    for (const text of ['constructor:', '__proto__:', 'person:ana@acme.com', '"open', 'zzz'])
      assert.deepEqual(offered(text), [], text);
  });

  test('quote what has spaces', () => {
    const [one] = suggestions('path:', [rowWith(1, { path: '/a b"c' })]);
    assert.equal(one?.text, 'path:"/a b\\"c"');
  });
});
