/** What is known of streams that have ended (RFC 9113 section 5.1), in bounded memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamTable } from '../../../../src/http2/stream/stream-table.js';

describe('a stream that we have reset', () => {
  test('is remembered until two thousand others were reset, and is then closed like any other', () => {
    const table = new StreamTable('server');
    for (let at = 0; at <= 2_000; at++) {
      table.markUsed(2 * at + 1);
      table.markReset(2 * at + 1);
      assert.equal(table.closedState(2 * at + 1), 'reset');
    }
    assert.deepEqual(
      [table.closedState(1), table.closedState(3), table.closedState(4_003)],
      ['closed', 'reset', 'idle'],
    );
  });

  test('may have some frames in flight, and no more', () => {
    const table = new StreamTable('server');
    table.markUsed(1);
    table.markReset(1);
    for (let late = 0; late < 64; late++) assert.equal(table.countAfterReset(1), undefined);
    assert.equal(table.countAfterReset(1), 'flood');
  });
});
