/** `traceparent` (W3C Trace Context): what is one, and what is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTraceparent, parseTraceparent } from '../../../src/http/trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

describe('a traceparent', () => {
  for (const [value, isSampled] of [
    [`00-${TRACE}-${PARENT}-01`, true],
    [`00-${TRACE}-${PARENT}-00`, false],
    [`00-${TRACE}-${PARENT}-03`, true],
    [`00-${TRACE}-${PARENT}-fe`, false],
    // A later version may have more behind what is known (section 3.2.4).
    [`cc-${TRACE}-${PARENT}-01`, true],
    [`cc-${TRACE}-${PARENT}-01-what-the-future-adds`, true],
  ] as const) {
    it(`is ${value}`, () => {
      const parsed = parseTraceparent(value);
      assert.deepEqual(parsed, { traceId: TRACE, parentId: PARENT, isSampled });
    });
  }

  for (const value of [
    undefined,
    '',
    'x',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}-01-`,
    `00-${TRACE}-${PARENT}-01-more`,
    `cc-${TRACE}-${PARENT}-01.more`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`, // two lines of the field
    ` 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01\n`,
    `00_${TRACE}_${PARENT}_01`,
    `00-${TRACE.replace('0', 'g')}-${PARENT}-01`,
  ]) {
    it(`is not ${JSON.stringify(value)}`, () => assert.equal(parseTraceparent(value), undefined));
  }

  it('is written in version 00', () => {
    const parent = { traceId: TRACE, parentId: PARENT, isSampled: true };
    assert.equal(formatTraceparent(parent), `00-${TRACE}-${PARENT}-01`);
    assert.equal(formatTraceparent({ ...parent, isSampled: false }), `00-${TRACE}-${PARENT}-00`);
  });
});
