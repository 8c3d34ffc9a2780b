/** The rate at which bytes arrive that left together. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketTrain } from '../../../../src/http2/flow/packet-train.js';

const ROUND_TRIP_MS = 50;

/** Bytes that arrive every millisecond without a pause. */
class Arrivals {
  readonly train = new PacketTrain();
  nowMs = 0;

  add(ms: number, bytesPerMs: number): number | undefined {
    let rate: number | undefined;
    for (let at = 0; at < ms; at++) rate = this.train.received(bytesPerMs, ++this.nowMs, ROUND_TRIP_MS);
    return rate;
  }
}

describe('a packet train', () => {
  test('has the rate of its bytes once it is long enough', () => {
    const arrivals = new Arrivals();
    assert.equal(arrivals.add(3, 25_000), undefined);
    assert.equal(arrivals.add(10, 25_000), 25_000);
  });

  test('that has lasted for seconds keeps the rate of a path that is slower by now, until it is started again', () => {
    const arrivals = new Arrivals();
    arrivals.add(1_000, 25_000);
    const kept = arrivals.add(100, 2_500);
    assert.ok(kept !== undefined && kept > 20_000, `${kept}`);
    arrivals.train.restart(arrivals.nowMs);
    assert.equal(arrivals.add(100, 2_500), 2_500);
  });
});
