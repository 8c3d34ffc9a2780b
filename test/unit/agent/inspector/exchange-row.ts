/** A row of the inspector as tests need it: an ordinary exchange, but for what they say. */
import type { Exchange } from '../../../../src/agent/inspector/wire.js';

export function exchangeRow(changes: Partial<Exchange> = {}): Exchange {
  return {
    id: 'AbCdEf0123456789',
    seq: 1,
    tunnel: 'web',
    kind: 'http',
    state: 'done',
    startedAt: 1_790_000_000_000,
    method: 'POST',
    path: '/api/orders?page=2',
    status: 201,
    type: 'application/json',
    requestBytes: 10,
    responseBytes: 2_048,
    person: 'ana@acme.com',
    rule: '@acme.com',
    timing: { edgeMs: 1, linkMs: 20, firstByteMs: 300, bodyMs: 4, totalMs: 304 },
    requestId: 'r-1',
    replayOf: null,
    pinned: false,
    note: '',
    operation: null,
    ...changes,
  };
}
