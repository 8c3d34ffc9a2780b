import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePublicPath } from '../../../src/http/public-path.js';
import { MAX_VIEWERS, readTerms, type Terms, writeTerms } from '../../../src/link/terms.js';

const parse = (text: string) => parsePublicPath(text) ?? assert.fail(text);
const ALL: Terms = {
  publicPaths: ['POST /webhooks/*', '/health'].map(parse),
  ...{
    preflight: true,
    accessTokenBasic: true,
    oauthResource: true,
    readOnly: true,
    viewers: 20,
    exchangeDetails: true,
  },
};

describe('the terms of an offer', () => {
  it('are read as they were written, and are none without any', () => {
    assert.deepEqual(readTerms(Object.entries(writeTerms(ALL)).flat()), ALL);
    assert.equal(readTerms(['Postern-Allow', '@acme.com']), undefined);
    assert.deepEqual(writeTerms({ publicPaths: [], preflight: false, readOnly: undefined }), {});
  });

  for (const [name, value] of [
    ...['', 'yes', 'false', 'true, true', '1'].map((text) => ['Postern-Read-Only', text] as const),
    ...['0', '', '-1', '1e2', `${MAX_VIEWERS + 1}`, '01', '20, 30'].map((text) => ['Postern-Viewers', text] as const),
    ...['/*', 'x', 'OPTIONS /x', '/x, /../y'].map((text) => ['Postern-Public-Paths', text] as const),
    ['Postern-Preflight', 'maybe'],
    ['Postern-Exchange-Details', 'some'],
    ['Postern-Access-Token-Basic', 'no'],
    ['Postern-OAuth-Resource', 'on'],
  ] as const)
    it(`are refused with ${name}: ${value}`, () => {
      assert.throws(
        () => readTerms([name, value]),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_OFFER_INVALID');
          return error.message.includes(name);
        },
      );
    });

  it('are refused with a header twice', () => {
    for (const [name, value] of [
      ['Postern-Read-Only', 'true'],
      ['Postern-Viewers', '5'],
    ] as const)
      assert.throws(() => readTerms([name, value, name.toLowerCase(), value]), { code: 'ERR_OFFER_INVALID' });
  });
});
