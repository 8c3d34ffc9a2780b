import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { warnBeforeExpiry } from '../../../../src/cli/process/token-expiry.js';
import { createToken } from '../../../../src/link/token.js';

const HOUR_MS = 3_600_000;
const SECRETS = ['a secret of thirty-two bytes or more'];
const REQUEST = { owner: 'dev@acme.com', tunnels: ['demo'] };

describe('warnBeforeExpiry', () => {
  for (const [what, ttlMs, expected] of [
    ['a month', 30 * 24 * HOUR_MS, ['24 hours', '60 minutes']],
    ['two days', 48 * HOUR_MS, ['24 hours', '60 minutes']],
    ['five hours', 5 * HOUR_MS, ['5 hours', '60 minutes']],
    ['ten minutes', HOUR_MS / 6, ['10 minutes']],
  ] as const) {
    it(`warns of a token that has ${what} left`, async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
      const told: string[] = [];
      warnBeforeExpiry(await createToken(SECRETS, { ...REQUEST, ttlMs }, () => 0), (text) => told.push(text));
      for (let hours = 0; hours < ttlMs / HOUR_MS; hours++) t.mock.timers.tick(HOUR_MS);
      assert.deepEqual(
        told.map((text) => /in (\d+ \w+)/.exec(text)?.[1]),
        expected,
      );
    });
  }

  it('leaves a token that has expired to the edge', async () => {
    warnBeforeExpiry(await createToken(SECRETS, { ...REQUEST, ttlMs: HOUR_MS }, () => 0), () => assert.fail());
  });
});
