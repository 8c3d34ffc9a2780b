/**
 * What a connection may send in its first round trips, counted on a path so fast that only the windows limit it: the first
 * download and the first upload of a link wait for nothing up to 800 Mbit/s.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_FLOW_LIMITS } from '../../../../src/http2/flow/flow-control.js';
import { STRANGER_LIMITS, STRANGER_STREAM_BYTES } from '../../../../src/http2/stranger-limits.js';
import { SimulatedPath } from '../simulated-path.js';

const ROUND_TRIP_MS = 100;
const BYTES = 104_857_600;
// 800 Mbit/s for as long as a round trip takes.
const FIRST_BYTES = 10_000_000;
// The first round trip measures the path, so the window of the second is the same; from the third on it is the largest.
const MAX_ROUND_TRIPS = 2 + Math.ceil((BYTES - 2 * FIRST_BYTES) / DEFAULT_FLOW_LIMITS.maxStreamBytes);

type Direction = 'download' | 'upload';

/** How much has arrived after each of so many round trips from the request on. */
function arrivals(direction: Direction, count: number, limits = {}): number[] {
  const world = new SimulatedPath({ rate: 1e12, roundTripMs: ROUND_TRIP_MS }, limits);
  const download = direction === 'download' ? world.get(BYTES) : undefined;
  if (direction === 'upload') world.put(BYTES);
  // Content that leaves with the first bytes arrives after half a round trip of an upload, and a whole one of a download.
  world.run(direction === 'download' ? ROUND_TRIP_MS / 2 : 0);
  return Array.from({ length: count }, () => {
    world.run(ROUND_TRIP_MS);
    return download?.bytes ?? world.uploadedBytes;
  });
}

for (const direction of ['download', 'upload'] as const) {
  describe(`the first ${direction} of a connection`, () => {
    test('has a window in its first round trip that 800 Mbit/s do not fill', () => {
      const [first = 0] = arrivals(direction, 1);
      assert.ok(first >= FIRST_BYTES, `${first} bytes`);
    });

    test(`of 100 MB takes ${MAX_ROUND_TRIPS} round trips at most`, () => {
      const arrived = arrivals(direction, MAX_ROUND_TRIPS);
      assert.equal(arrived.at(-1), BYTES, `${arrived}`);
    });

    test('has the small window of a stranger where the peer is one', () => {
      const [first = 0] = arrivals(direction, 1, STRANGER_LIMITS);
      assert.ok(first > 0 && first <= STRANGER_STREAM_BYTES, `${first} bytes`);
    });
  });
}
