import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startDeadline } from '../../../src/core/deadline.js';

const MS = 40;

/** This process does nothing for a while, as one that was stopped, or had no processor. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a deadline passes once, after its time', async () => {
  const startedMs = performance.now();
  await new Promise<void>((resolve) => startDeadline(MS, resolve));
  assert.ok(performance.now() - startedMs > MS - 5); // a timer is a little early at times
});

test('a deadline that was ended does not pass', async () => {
  startDeadline(MS, () => assert.fail('it was ended'))();
  await new Promise<void>((resolve) => startDeadline(2 * MS, resolve));
});

test('a deadline has not passed when its process goes on after it has stood still for longer', async () => {
  let hasPassed = false;
  startDeadline(MS, () => {
    hasPassed = true;
  });
  await turn();
  standStill(2 * MS);
  await turn(); // the timers that are due have run, and what has arrived was read
  assert.equal(hasPassed, false);
});
