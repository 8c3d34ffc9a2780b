/** Numbers and outcomes as words in the inspector's page. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bodyWords } from '../../../../../src/agent/inspector/web/words/body.js';
import { statusGroup, statusText, statusWords } from '../../../../../src/agent/inspector/web/words/status.js';
import { timingWords, wholeTime } from '../../../../../src/agent/inspector/web/words/timing.js';
import { countText, durationText, sizeText } from '../../../../../src/agent/inspector/web/words/units.js';
import { rowWith } from './rows.js';

describe('words', () => {
  test('for sizes', () => {
    assert.deepEqual([0, 999, 1_000, 1_250, 99_949, 999_499, 999_500, 14_200_000, 3e9, 5e12].map(sizeText), [
      '0 B',
      '999 B',
      '1 kB',
      '1.3 kB',
      '100 kB',
      '999 kB',
      '1 MB',
      '14 MB',
      '3 GB',
      '5000 GB',
    ]);
  });

  test('for durations', () => {
    assert.deepEqual(
      [null, 0, 0.44, 9.96, 999.4, 1_000, 59_940, 60_000, 125_400, 3_600_000, 7_325_000].map(durationText),
      ['–', '0 ms', '0.4 ms', '10 ms', '999 ms', '1 s', '60 s', '1 min 0 s', '2 min 5 s', '1 h 0 min', '2 h 2 min'],
    );
  });

  test('for counts', () =>
    assert.deepEqual([countText(1, 'row'), countText(2_000, 'entry', 'entries')], ['1 row', '2,000 entries']));

  test('for a body that was cut', () => {
    const body = { bytes: 14e6, kept: 1e6, type: 'application/json', encoding: 'br' };
    assert.equal(bodyWords(body), 'application/json, first 1 MB of 14 MB, br');
    assert.equal(bodyWords({ bytes: 5, kept: 5, type: null, encoding: null }), 'no type, 5 B');
  });

  test('for where time went', () => {
    const timing = { edgeMs: 1.2, linkMs: null, firstByteMs: 42, bodyMs: -1, totalMs: 41 };
    assert.equal(timingWords(timing), 'edge 1.2 ms, first byte 42 ms, body 0 ms');
    assert.equal(wholeTime(timing), 43.2);
    const left = { edgeMs: 1, linkMs: 6, firstByteMs: null, bodyMs: null, totalMs: 310 };
    assert.equal(timingWords(left), 'edge 1 ms, link 6 ms, no response 310 ms');
    assert.equal(wholeTime(left), 317);
  });

  const outcomes: readonly (readonly [Parameters<typeof rowWith>[1], group: string, words: string])[] = [
    [{ status: 204 }, 'success', '204, success'],
    [{ status: 304 }, 'redirect', '304, redirect'],
    [{ status: 404 }, 'client-error', '404, client error'],
    [{ status: 503, state: 'aborted' }, 'server-error', '503, server error, broken off'],
    [{ status: null, state: 'open' }, 'open', 'in progress'],
    [{ status: null, state: 'failed' }, 'failed', 'failed'],
    [{ status: null, state: 'aborted' }, 'failed', 'broken off'],
    [{ status: 200, state: 'aborted' }, 'failed', '200, broken off'],
    [{ status: 101, kind: 'websocket', state: 'aborted' }, 'success', '101, success, broken off'],
    [{ status: 101, kind: 'websocket', state: 'open' }, 'open', '101, in progress'],
    [{ status: 999 }, 'failed', '999, failed'],
  ];
  for (const [row, group, words] of outcomes)
    test(`for ${words}`, () =>
      assert.deepEqual([statusGroup(rowWith(1, row)), statusWords(rowWith(1, row))], [group, words]));

  test('for a visitor who left before the response, for the eye', () =>
    assert.equal(statusText(rowWith(1, { status: null, state: 'aborted' })), 'aborted'));
});
