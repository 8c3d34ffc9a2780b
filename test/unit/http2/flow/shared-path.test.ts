/** Downloads that share a path, and readers that do not read: the rest goes on, within bounds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Download, SimulatedPath } from '../simulated-path.js';

describe('downloads at the same time', () => {
  test('share the path evenly', () => {
    const world = new SimulatedPath({ rate: 2e8, roundTripMs: 100 });
    const downloads = [1, 2, 3, 4, 5].map(() => world.get(1e9));
    world.run(10_000);
    const bytes = downloads.map((download) => download.bytes);
    const sum = bytes.reduce((total, count) => total + count);
    assert.ok(sum > 0.95 * 2.5e8, `${sum} bytes in all`);
    for (const count of bytes) assert.ok(count > 0.9 * (sum / 5) && count < 1.1 * (sum / 5), `${bytes}`);
  });

  test('continue while one reader is slow, which buffers no more than its window', () => {
    const world = new SimulatedPath({ rate: 2e8, roundTripMs: 100 });
    world.measure(1e8);
    const slow = world.get(1e9);
    slow.stream.pause();
    const fast = world.get(1e8);
    world.run(60_000, () => fast.isOver);
    assert.ok(world.shareOf(fast) >= 0.9, `${(100 * world.shareOf(fast)).toFixed(1)} % of the path`);
    assert.ok(slow.stream.receiving.bufferedBytes <= 4_194_304, `${slow.stream.receiving.bufferedBytes} bytes`);
    slow.stream.resume();
    const before = slow.bytes;
    world.run(2_000);
    assert.ok(slow.bytes - before > 0.9 * 5e7, 'the slow one goes on at full rate once it is read');
  });

  for (const count of [8, 100]) {
    test(`continue next to ${count} that are not read`, () => {
      const world = new SimulatedPath({ rate: 1e9, roundTripMs: 100 });
      world.measure(1e8); // the path is known, and windows are as wide as they get
      const unread = Array.from({ length: count }, () => world.get(1e8));
      for (const { stream } of unread) stream.pause();
      assertRestGoesOn(world, unread);
    });
  }

  test('continue next to twelve whose readers stop after keeping up', () => {
    const world = new SimulatedPath({ rate: 1e9, roundTripMs: 100 });
    const unread: Download[] = [];
    for (let at = 0; at < 12; at++) {
      unread.push(world.get(1e10));
      world.run(1_000);
      unread[at]?.stream.pause();
    }
    assertRestGoesOn(world, unread);
  });

  test('continue next to a thousand that are not read', () => {
    const world = new SimulatedPath({ rate: 2e8, roundTripMs: 50 }, { maxStreams: 1_010 });
    const unread = Array.from({ length: 1_000 }, () => world.get(1e7));
    for (const { stream } of unread) stream.pause();
    assertRestGoesOn(world, unread);
  });
});

/** What is not read holds a bounded number of bytes, and what is asked for now comes fast. */
function assertRestGoesOn(world: SimulatedPath, unread: readonly Download[]): void {
  world.run(10_000);
  const held = unread.reduce((sum, { stream }) => sum + stream.receiving.bufferedBytes, 0);
  assert.ok(held <= 67_108_864, `${held} bytes are held`);
  const { roundTripMs } = world.path;
  const smallMs = world.measure(1_000, 60_000);
  assert.ok(smallMs < 1.5 * roundTripMs, `a small answer took ${smallMs} ms`);
  const largeMs = world.measure(1e7, 60_000);
  assert.ok(largeMs < 5_000, `10 MB took ${largeMs} ms`);
  for (const { stream } of unread) stream.resume();
  const before = unread.reduce((sum, { bytes }) => sum + bytes, 0);
  world.run(2_000);
  assert.ok(unread.reduce((sum, { bytes }) => sum + bytes, 0) - before > 0.5 * (world.path.rate / 8));
}
