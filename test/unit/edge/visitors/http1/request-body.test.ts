import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { hasBody } from '../../../../../src/edge/visitors/http1/request-body.js';

describe('a body', () => {
  for (const [headers, has] of [
    [{}, false],
    [{ 'content-length': '0' }, false],
    [{ 'content-length': '1' }, true],
    [{ 'transfer-encoding': 'chunked' }, true],
  ] as const) {
    it(`is ${has ? '' : 'not '}there with ${JSON.stringify(headers)}`, () => {
      assert.equal(hasBody({ headers } as unknown as IncomingMessage), has);
    });
  }
});
