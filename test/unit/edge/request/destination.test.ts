import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destinationOf } from '../../../../src/edge/request/destination.js';
import { BASE } from '../visits.js';

describe('the destination of a request', () => {
  for (const [lines, host, place] of [
    [['demo.localhost'], 'demo.localhost', { kind: 'tunnel', name: 'demo' }],
    [['DEMO.localhost:8080'], 'demo.localhost', { kind: 'tunnel', name: 'demo' }],
    [['localhost'], 'localhost', { kind: 'base' }],
    [['elsewhere.test'], 'elsewhere.test', { kind: 'unknown' }],
    [['demo.localhost', 'demo.localhost'], '', { kind: 'unknown' }],
    [[], '', { kind: 'unknown' }],
  ] as const) {
    it(`by ${JSON.stringify(lines)} is ${JSON.stringify(place)}, the first time and the next`, () => {
      const headers = lines.flatMap((line) => ['Host', line]);
      for (const found of [destinationOf(headers, BASE), destinationOf(headers, BASE)])
        assert.deepEqual(found, { host, place });
    });
  }
});
