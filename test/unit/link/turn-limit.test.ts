/** A connection with much to read lets the others have their turn. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TurnLimit } from '../../../src/link/turn-limit.js';

const READ_BYTES = 65_536;

/** Reads in one turn as long as it is not paused. */
class Source {
  isPaused = false;
  readonly limit = new TurnLimit(this);

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  readAll(bytes: number): number {
    let count = 0;
    while (count < bytes && !this.isPaused) {
      this.limit.read(READ_BYTES);
      count += READ_BYTES;
    }
    return count;
  }
}

describe('the turn of a connection', () => {
  test('ends after 256 KiB, and another begins behind those of the others', async () => {
    const source = new Source();
    for (let turn = 0; turn < 3; turn++) {
      assert.equal(source.readAll(2_097_152), 262_144);
      await nextTurn();
      assert.equal(source.isPaused, false);
    }
  });

  test('does not end for less', () => {
    const source = new Source();
    assert.equal(source.readAll(196_608), 196_608);
    assert.equal(source.isPaused, false);
  });
});
