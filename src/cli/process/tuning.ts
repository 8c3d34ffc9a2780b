/**
 * What V8 has to be told so that an edge or an agent that has rested does not stay slow, and that large responses are fast. For
 * the process as a whole, and so for the command alone: a program that embeds us decides for itself.
 */
import { executionAsyncResource } from 'node:async_hooks';
import v8 from 'node:v8';

// While the process rests V8 collects all of its garbage several times; the first of them comes after some seconds.
const KEEP_INTERVAL_MS = 1_000;

/** Tunes this process. Keeps it neither awake nor alive. */
export function tuneProcess(): void {
  // Bodies are Buffers that die young. Freed by another thread they are counted as alive for too long, and V8 answers with
  // full collections: measured at a third of the throughput of large responses, where both cores are busy.
  v8.setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  keepTickShape();
  setInterval(keepTickShape, KEEP_INTERVAL_MS).unref();
}

// Each `process.nextTick` makes an object whose two first keys are computed. V8 knows its shape as long as one of them
// lives. When a collection comes while there is none, the shape is forgotten, and code that has been compiled for it never
// learns another: from then on each tick costs half a microsecond more, and a request has ten of them (measured: a twelfth of
// the edge's time). So the last one is kept; not for ever the same, since the shape changes as its numbers grow.
const kept: { tick?: object } = {};

function keepTickShape(): void {
  process.nextTick(() => {
    kept.tick = executionAsyncResource();
  });
}
