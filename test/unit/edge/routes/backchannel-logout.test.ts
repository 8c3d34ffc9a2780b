/** Logout tokens while the store fails; tokens that are not valid are in the end-to-end tests. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { IdentityProvider } from '../../../../src/auth/providers/identity-provider.js';
import { Providers } from '../../../../src/auth/providers/providers.js';
import { EndedAccounts } from '../../../../src/auth/session/ended-accounts.js';
import { Observer } from '../../../../src/edge/ops/observer.js';
import { AttemptLimit } from '../../../../src/edge/request/attempts.js';
import { backchannelLogoutRoutes } from '../../../../src/edge/routes/backchannel-logout.js';
import { PosternError } from '../../../../src/errors.js';
import { Redemptions } from '../../../../src/store/redemptions.js';
import { StoreServer } from '../../../support/faulty-store.js';
import { serveVisits } from '../visits.js';

const ANA = { issuer: 'https://id.acme.com', subject: 'ana', email: 'ana@acme.com' };

it('counts once what has ended, and may be presented again until then', async (t) => {
  const store = new StoreServer().client();
  const endedAccounts = new EndedAccounts({ store, ttlMs: 3_600_000 });
  await endedAccounts.ready;
  const observer = new Observer([]);
  t.after(() => {
    observer.close();
    endedAccounts.close();
  });
  const token = { subject: 'ana', sid: undefined, id: 'jti', expiresAtMs: Date.now() + 600_000 };
  const provider = {
    id: 'oidc',
    issuer: ANA.issuer,
    callbackPath: '/oauth2/callback',
    readLogoutToken: async () => token,
  };
  const [[, path, reply] = assert.fail()] = backchannelLogoutRoutes({
    providers: new Providers([provider as unknown as IdentityProvider]),
    endedAccounts,
    everyone: { leave: () => {} },
    redemptions: new Redemptions(store),
    limit: new AttemptLimit('bad-logout-token'),
    observer,
  });
  const port = await serveVisits(t, {
    accept: async (visit) => visit.reply((await reply(visit, undefined as never)) ?? assert.fail()),
  });
  const present = async () => {
    const body = new URLSearchParams({ logout_token: 'token' });
    return (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })).status;
  };
  const hasEnded = (signedInAtMs: number) => endedAccounts.has({ identity: ANA, signedInAtMs });
  const startMs = Date.now();

  store.beforePut = () => {
    throw new PosternError('ERR_STORE_UNAVAILABLE', 'away');
  };
  assert.deepEqual([await present(), hasEnded(startMs)], [503, false]);
  store.beforePut = (key) => {
    if (key.startsWith('redeemed:')) throw new PosternError('ERR_STORE_UNAVAILABLE', 'away');
  };
  assert.deepEqual([await present(), hasEnded(startMs)], [503, true]);
  store.beforePut = () => {};
  assert.equal(await present(), 200);
  const later = Date.now() + 1;
  assert.deepEqual([await present(), hasEnded(later)], [400, false]);
});
