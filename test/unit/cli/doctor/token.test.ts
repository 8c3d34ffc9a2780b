import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { tokenCheck } from '../../../../src/cli/doctor/token.js';
import { createToken } from '../../../../src/link/token.js';
import { edgeLike, finding } from './servers.js';

const HOUR_MS = 3_600_000;
const REFUSED = '{"error":{"code":"ERR_TOKEN_INVALID","message":"x","retryable":false}}';

const tokenFor = (ttlMs: number, tunnels = ['demo', 'dev-*']) =>
  createToken(['a secret of thirty-two bytes or more'], { owner: 'dev@acme.com', tunnels, ttlMs });

async function check(t: TestContext, token: string | undefined, status = 200) {
  const accepted: string[] = [];
  const edge = await edgeLike(t, (_request, response) =>
    response.writeHead(status).end(status === 200 ? '{}' : REFUSED),
  );
  const accept = (text: string) => accepted.push(text);
  return { edge, accepted, found: await finding(tokenCheck({ edge, token, isSignedIn: false, accepted: accept })) };
}

describe('the check of the token', () => {
  it('says whose it is, for which names, until when', async (t) => {
    const token = await tokenFor(73 * HOUR_MS);
    const { found, accepted } = await check(t, token);
    assert.equal(found.result, 'ok');
    assert.match(found.text, /^of dev@acme\.com, for demo, dev-\*, valid until \S+ \S+ UTC \(3 days\)$/);
    assert.deepEqual(accepted, [token]);
  });

  it('warns of one that ends soon, with the line that makes another', async (t) => {
    const { found } = await check(t, await tokenFor(HOUR_MS, ["it's", '$(x)']));
    assert.equal(found.result, 'warning');
    assert.match(
      found.fix ?? '',
      /postern token create --owner dev@acme\.com --tunnels 'it'\\''s,\$\(x\)' --out dev\.token$/,
    );
  });

  it('names the way to sign in where there is none', async (t) => {
    const { found, edge } = await check(t, undefined);
    assert.deepEqual([found.result, found.fix], ['failure', `postern login ${edge}`]);
  });

  for (const [what, token, text] of [
    ['has expired', () => tokenFor(-1_000), /^the token expired at/],
    ['the edge refuses', () => tokenFor(HOUR_MS), /revoked, or is of another edge/],
    ['is none', async () => 'abc', /not a token of Postern/],
    ['cannot be sent', async () => 'a\nb', /not a token of Postern/],
  ] as const)
    it(`fails for one that ${what}`, async (t) => {
      const { found, accepted } = await check(t, await token(), 401);
      assert.equal(found.result, 'failure');
      assert.match(found.text, text);
      assert.deepEqual(accepted, []);
    });
});
