/** The receive window finds what a path needs, and no more: two engines, with a path between them that is computed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PathEstimate } from '../../../../src/http2/flow/path-estimate.js';
import { type Download, type Path, SimulatedPath } from '../simulated-path.js';

const LIMITS = { minBytes: 65_536, startBytes: 262_144, maxStartBytes: 2_097_152, maxBytes: 16_777_216 };

interface Expected extends Path {
  readonly what: string;
  readonly bytes: number;
  /** The share of the path's capacity that is used, on a link without earlier traffic. */
  readonly share: number;
  /** The longest time of a small request once the rate is known, in idle round trips. */
  readonly small: number;
}

const PATHS: readonly Expected[] = [
  { what: '10 Mbit/s over 100 ms', rate: 1e7, roundTripMs: 100, bytes: 2e7, share: 0.97, small: 1.7 },
  { what: '200 Mbit/s over 100 ms', rate: 2e8, roundTripMs: 100, bytes: 1e8, share: 0.97, small: 1.2 },
  { what: '1 Gbit/s over 100 ms', rate: 1e9, roundTripMs: 100, bytes: 104_857_600, share: 0.97, small: 1.3 },
  { what: '50 Mbit/s over 300 ms', rate: 5e7, roundTripMs: 300, bytes: 5e7, share: 0.95, small: 1.2 },
  { what: '200 Mbit/s over 20 ms', rate: 2e8, roundTripMs: 20, bytes: 1e8, share: 0.98, small: 1.4 },
  { what: '1 Gbit/s over 1 ms', rate: 1e9, roundTripMs: 1, bytes: 1e8, share: 0.98, small: 8 },
];

describe('a path', () => {
  for (const { what, bytes, share, small, ...path } of PATHS) {
    test(`of ${what} is fully used, and its queue stays short`, () => {
      const world = new SimulatedPath(path);
      const idleMs = world.measure(1_000);
      const download = world.get(bytes);
      const asked = askDuring(world, download);
      assertShare(world, download, share);
      const [first] = asked;
      assert.ok(first !== undefined && first.elapsedMs < 13 * idleMs, `at first ${first?.elapsedMs} ms`);
      const later = asked.slice(asked.length / 2).map(({ elapsedMs }) => elapsedMs / idleMs);
      later.sort((a, b) => a - b);
      const middle = later[later.length >> 1] ?? Number.NaN;
      assert.ok(middle <= small, `a small request took ${middle} idle round trips`);
    });
  }

  test('with small socket buffers is fully used too', () => {
    for (const rate of [2e8, 1e9]) {
      const world = new SimulatedPath({ rate, roundTripMs: 100, socketBytes: 262_144 });
      const download = world.get(1e8);
      world.run(60_000, () => download.isOver);
      assertShare(world, download, 0.905);
    }
  });

  test('with busy ends is fully used too', () => {
    const world = new SimulatedPath({ rate: 2e8, roundTripMs: 100, busyMs: 10 });
    const idleMs = world.measure(1_000);
    const download = world.get(1e8);
    world.run(3_000);
    const smallMs = world.measure(1_000);
    assert.ok(smallMs < 1.3 * idleMs, `${smallMs} ms`);
    world.run(60_000, () => download.isOver);
    assertShare(world, download, 0.97);
  });

  test('is fully used again at once by the next download', () => {
    const world = new SimulatedPath({ rate: 2e8, roundTripMs: 100 });
    world.measure(1e8);
    world.run(10_000);
    const download = world.get(1e7);
    world.run(60_000, () => download.isOver);
    assertShare(world, download, 0.99);
  });

  // Where frames are cut decides whether the minimum RTT is probed just then.
  for (const usedSlabBytes of [0, 39_000, 43_000]) {
    test(`that gets slower is followed, with frames cut from ${usedSlabBytes}`, () => {
      const world = new SimulatedPath({ rate: 2e8, roundTripMs: 50 }, {}, usedSlabBytes);
      const idleMs = world.measure(1_000);
      const download = world.get(1e9);
      world.run(5_000);
      world.path = { rate: 2e7, roundTripMs: 50 };
      world.run(5_000);
      const smallMs = world.measure(1_000);
      assert.ok(smallMs < 1.5 * idleMs, `${smallMs} ms, and ${idleMs} ms on an idle path`);
      assert.ok(!download.isOver);
    });
  }

  test('that gets faster is followed', () => {
    const world = new SimulatedPath({ rate: 2e7, roundTripMs: 50 });
    const download = world.get(1e9);
    world.run(5_000);
    world.path = { rate: 2e8, roundTripMs: 50 };
    world.run(3_000);
    const before = download.bytes;
    world.run(1_000);
    assert.ok(download.bytes - before > 0.97 * 2.5e7, `${download.bytes - before} bytes in a second`);
  });

  test('whose RTT increases stays fully used', () => {
    const world = new SimulatedPath({ rate: 2e8, roundTripMs: 20 });
    const download = world.get(1e10);
    world.run(5_000);
    world.path = { rate: 2e8, roundTripMs: 80 };
    world.run(30_000);
    const before = download.bytes;
    world.run(4_000);
    assert.ok(download.bytes - before > 0.9 * 1e8, `${download.bytes - before} bytes in four seconds`);
  });

  // Where frames are cut decides how far the stalls raise the round trip.
  for (const usedSlabBytes of [5_000, 8_000]) {
    test(`whose ends stall now and then keeps its window, with frames cut from ${usedSlabBytes}`, () => {
      const world = new SimulatedPath({ rate: 2e8, roundTripMs: 100 }, {}, usedSlabBytes);
      const download = world.get(1e10);
      let seed = 1;
      for (let at = 0; at < 100; at++) {
        seed = (seed * 48_271) % 2_147_483_647;
        world.path = { rate: 2e8, roundTripMs: 100, busyMs: 1 + (seed % 250) };
        world.run(200);
      }
      assert.ok(download.bytes > 0.4 * 20 * 2.5e7, `${download.bytes} bytes in twenty seconds`);
      world.path = { rate: 2e8, roundTripMs: 100 };
      world.run(2_000);
      const before = download.bytes;
      world.run(2_000);
      assert.ok(download.bytes - before > 0.97 * 5e7, `${download.bytes - before} bytes in two seconds`);
      // The round trip is looked at again every few seconds, and comes down by a quarter each time.
      let smallMs = Number.POSITIVE_INFINITY;
      for (let waited = 0; smallMs >= 150 && waited < 6; waited++) {
        world.run(5_000);
        smallMs = world.measure(1_000);
      }
      assert.ok(smallMs < 150, `${smallMs} ms`);
    });
  }

  test('stays fully used for a minute, except while the RTT is probed', () => {
    const world = new SimulatedPath({ rate: 5e7, roundTripMs: 40 });
    const download = world.get(1e9);
    world.run(60_000);
    assert.ok(download.bytes > 0.97 * 60 * 6.25e6, `${download.bytes} bytes`);
    assert.ok(world.measure(1_000) < 60);
  });
});

function askDuring(world: SimulatedPath, download: Download): Download[] {
  const asked: Download[] = [];
  while (!download.isOver) {
    const small = world.get(1_000);
    asked.push(small);
    world.run(60_000, () => small.isOver);
    assert.ok(small.isOver, 'a small request came to nothing');
    world.run(20, () => download.isOver);
  }
  return asked;
}

function assertShare(world: SimulatedPath, download: Download, share: number): void {
  const reached = world.shareOf(download);
  assert.ok(reached >= share, `${(100 * reached).toFixed(1)} % of the path`);
}

test('an application-limited sender tells nothing about the path', () => {
  const estimate = new PathEstimate(LIMITS);
  estimate.onIdleRoundTrip(100);
  const before = estimate.windowBytes;
  for (let at = 0; at < 100; at++) {
    if (estimate.received(5_000, () => at * 100)) estimate.startRound(at * 100);
    estimate.endRound(at * 100 + 100);
  }
  assert.equal(estimate.windowBytes, before);
  assert.equal(estimate.isMeasured, false);
});

test('no measurement exceeds the limits', () => {
  const estimate = new PathEstimate(LIMITS);
  for (let at = 0; at < 50; at++) {
    estimate.received(1e12, () => at * 1_000);
    estimate.startRound(at * 1_000);
    estimate.received(1e12, () => at * 1_000);
    estimate.endRound(at * 1_000 + 0.001);
    assert.ok(estimate.windowBytes <= LIMITS.maxBytes);
  }
});
