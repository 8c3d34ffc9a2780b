/**
 * Settings of V8 that keep an edge or an agent fast after a rest, and large responses fast. They hold for the whole process, so
 * only the command applies them: a program that embeds Postern decides for itself.
 */
import { executionAsyncResource } from 'node:async_hooks';
import v8 from 'node:v8';

// In an idle process V8 runs several full collections, the first of them after some seconds.
const KEEP_INTERVAL_MS = 1_000;

/** Tunes this process. Does not keep it alive. */
export function tuneProcess(): void {
  // Bodies are short-lived Buffers. While another thread frees them, they are counted as live for too long, and V8 reacts with
  // full collections: measured at a third of the throughput of large responses, where both cores are busy.
  v8.setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  keepTickShape();
  setInterval(keepTickShape, KEEP_INTERVAL_MS).unref();
}

// Each `process.nextTick` creates an object whose two first keys are computed. V8 keeps its shape as long as one such object is
// reachable. If a collection runs while there is none, the shape is lost, and code that was compiled for it never adapts: from
// then on each tick costs half a microsecond more, and a request has ten of them (measured: a twelfth of the edge's time). So
// the latest object is kept, and replaced every second, since its shape changes as its numbers grow.
const kept: { tick?: object } = {};

function keepTickShape(): void {
  process.nextTick(() => {
    kept.tick = executionAsyncResource();
  });
}
