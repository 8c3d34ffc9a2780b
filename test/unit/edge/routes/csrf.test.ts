import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderLookup } from '../../../../src/edge/request/visit.js';
import { checkCause, isFromOrigin } from '../../../../src/edge/routes/csrf.js';
import { requestOf } from '../visits.js';
import { by, ORIGIN, SIBLING } from './routes.js';

const request = (header: HeaderLookup) => requestOf({ header });

describe('the cause of a request for a session', () => {
  for (const [what, headers, isForeign] of [
    ['a program', {}, false],
    ['an own page', by.ownFetch, false],
    ['the address bar', by.visit, false],
    ['a link', by.link, false],
    ['a sibling’s page', by.sibling, true],
    ['a sibling’s page, without metadata', { origin: SIBLING }, true],
    ['a sandbox', { origin: 'null' }, true],
    ['a page that the browser fetches ahead', by.prefetch, true],
  ] as const) {
    it(`is ${isForeign ? 'foreign' : 'its own'}: ${what}`, () => {
      const check = () => checkCause(request(headers), ORIGIN);
      if (isForeign) assert.throws(check, { code: 'ERR_CROSS_SITE' });
      else check();
    });
  }
});

describe('a page of this origin', () => {
  for (const [headers, expected] of [
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, true],
    [{ 'sec-fetch-site': 'none', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': 'same-site', origin: ORIGIN }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: ORIGIN }, true],
    [{ origin: SIBLING }, false],
    [{ origin: 'null' }, false],
    [{}, false],
  ] as const) {
    it(`${expected ? 'says so' : 'is not'}: ${JSON.stringify(headers)}`, () =>
      assert.equal(isFromOrigin(request(headers), ORIGIN), expected));
  }
});
