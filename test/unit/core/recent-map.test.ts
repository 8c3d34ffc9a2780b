import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecentMap } from '../../../src/core/recent-map.js';

describe('a bounded map', () => {
  test('holds at most twice its entries, and the last entry', () => {
    const map = new RecentMap<number>(10, 20);
    for (let at = 0; at < 1_000; at++) {
      map.set(`key ${at}`, at);
      assert.equal(map.get(`key ${at}`), at);
      assert.ok(map.size <= 20);
    }
    assert.equal(map.get('key 0'), undefined);
  });

  test('keeps entries in use, whatever keys a client invents', () => {
    const map = new RecentMap<string>(10, 20);
    map.set('often', 'kept');
    for (let at = 0; at < 1_000; at++) {
      map.set(`invented ${at}`, '');
      if (at % 5 === 0) assert.equal(map.get('often'), 'kept');
    }
  });

  test('stores no long key', () => {
    const map = new RecentMap<string>(10, 20);
    map.set('k'.repeat(20), 'kept');
    map.set('k'.repeat(21), 'not');
    assert.deepEqual([map.get('k'.repeat(20)), map.get('k'.repeat(21)), map.size], ['kept', undefined, 1]);
  });
});
