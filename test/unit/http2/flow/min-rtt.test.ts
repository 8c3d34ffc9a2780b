/** When the minimum round trip is believed, when it is probed, and what a queue cannot talk it into. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MinRtt } from '../../../../src/http2/flow/min-rtt.js';

const UNCONFIRMED_ROUNDS = 48;

/** Rounds of this length, one after the other. */
class Rounds {
  readonly minRtt = new MinRtt();
  #nowMs = 0;

  add(ms: number, count = 1): void {
    for (let at = 0; at < count; at++) {
      this.#nowMs += Math.max(ms, 200); // so that the rounds, and not the time, are what a probe waits for
      this.minRtt.onLoadedSample(ms, this.#nowMs);
    }
  }
}

describe('the minimum RTT', () => {
  test('is not probed while samples confirm it', () => {
    const rounds = new Rounds();
    rounds.add(100, 500);
    assert.deepEqual([rounds.minRtt.isProbing, rounds.minRtt.ms], [false, 100]);
  });

  test('is probed in two rounds when no sample has confirmed it for a while, and is then what the second found', () => {
    const rounds = new Rounds();
    rounds.add(100);
    rounds.add(120, UNCONFIRMED_ROUNDS);
    assert.equal(rounds.minRtt.isProbing, true);
    rounds.add(120);
    assert.equal(rounds.minRtt.isProbing, true);
    rounds.add(110);
    assert.deepEqual([rounds.minRtt.isProbing, rounds.minRtt.ms], [false, 110]);
  });

  test('is probed until the queue has drained: a path that has just become slow has a long one', () => {
    const rounds = new Rounds();
    rounds.add(50);
    rounds.add(60, UNCONFIRMED_ROUNDS);
    for (const drainingMs of [540, 300, 98, 50]) {
      rounds.add(drainingMs);
      assert.equal(rounds.minRtt.isProbing, true);
    }
    rounds.add(50);
    assert.deepEqual([rounds.minRtt.isProbing, rounds.minRtt.ms], [false, 50]);
  });

  test('that was raised under load is probed, however well the samples fit it: a queue would confirm itself', () => {
    const rounds = new Rounds();
    rounds.add(100);
    rounds.minRtt.raiseTo(270);
    rounds.add(270, UNCONFIRMED_ROUNDS);
    assert.equal(rounds.minRtt.isProbing, true);
    for (const drainingMs of [270, 200, 150, 100, 100]) rounds.add(drainingMs);
    assert.deepEqual([rounds.minRtt.isProbing, rounds.minRtt.ms], [false, 100]);
  });

  test('that a probe raised is probed once more, and believed if that finds the same', () => {
    const rounds = new Rounds();
    rounds.add(100);
    rounds.add(200, UNCONFIRMED_ROUNDS);
    rounds.add(200, 2);
    assert.deepEqual([rounds.minRtt.isProbing, rounds.minRtt.ms], [false, 200]);
    rounds.add(200, UNCONFIRMED_ROUNDS - 2); // the probe's own count too
    assert.equal(rounds.minRtt.isProbing, true);
    rounds.add(200, 2);
    rounds.add(200, 10 * UNCONFIRMED_ROUNDS);
    assert.deepEqual([rounds.minRtt.isProbing, rounds.minRtt.ms], [false, 200]);
  });
});
