import assert from 'node:assert/strict';
import { it } from 'node:test';
import { httpDate } from '../../../../../src/edge/visitors/http2/http-date.js';

it('a date is that of its second, whatever was asked before', () => {
  const second = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT');
  assert.equal(httpDate(second), 'Sun, 06 Nov 1994 08:49:37 GMT');
  assert.equal(httpDate(second + 999), 'Sun, 06 Nov 1994 08:49:37 GMT');
  assert.equal(httpDate(second + 1_000), 'Sun, 06 Nov 1994 08:49:38 GMT');
  assert.equal(httpDate(second), 'Sun, 06 Nov 1994 08:49:37 GMT');
});
