/** A row of the inspector's list, for tests. */
import type { Exchange } from '../../../../../src/agent/inspector/wire.js';

export function rowWith(seq: number, more: Partial<Exchange> = {}): Exchange {
  return {
    id: `x${seq}`,
    seq,
    tunnel: 'app',
    kind: 'http',
    state: 'done',
    startedAt: 0,
    method: 'GET',
    path: '/',
    status: 200,
    type: null,
    requestBytes: 0,
    responseBytes: 0,
    person: null,
    rule: null,
    timing: { edgeMs: null, linkMs: null, firstByteMs: null, bodyMs: null, totalMs: null },
    requestId: null,
    replayOf: null,
    pinned: false,
    note: '',
    operation: null,
    ...more,
  };
}
