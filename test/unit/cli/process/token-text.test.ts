import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTokenText } from '../../../../src/cli/process/token-text.js';
import { createToken } from '../../../../src/link/token.js';

const HOUR_MS = 3_600_000;
const SECRETS = ['a secret of thirty-two bytes or more'];

const withPayload = (payload: string) => `postern_a.${Buffer.from(payload).toString('base64url')}.c`;

describe('readTokenText', () => {
  it('reads owner, names and expiry of a token', async () => {
    const request = { owner: 'dev@acme.com', tunnels: ['demo', 'dev-*'], ttlMs: HOUR_MS };
    const token = await createToken(SECRETS, request, () => 1_000_000);
    assert.deepEqual(readTokenText(token), {
      owner: 'dev@acme.com',
      tunnels: ['demo', 'dev-*'],
      expiresAtMs: 1_000_000 + HOUR_MS,
    });
  });

  for (const text of [
    '',
    'postern_x',
    'postern_a.b.c',
    withPayload('null'),
    withPayload('{"sub":"a","tunnels":["demo"],"exp":"x"}'),
    withPayload('{"sub":"a","tunnels":["demo"],"exp":1e300}'),
    withPayload('{"sub":"a","tunnels":[1],"exp":1}'),
    withPayload('{"tunnels":["demo"],"exp":1}'),
  ])
    it(`reads none from ${JSON.stringify(text)}`, () => assert.equal(readTokenText(text), undefined));
});
