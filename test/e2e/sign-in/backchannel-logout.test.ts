/** Sign-outs that the provider starts: OpenID Connect Back-Channel Logout, with the certified provider and with forged tokens. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { CompactSign } from 'jose';
import { newSigningKey, type SigningKey } from '../../support/hostile-provider.js';
import { type HostileWorld, startHostileWorld, whoIs } from '../../support/hostile-world.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld, type World } from '../../support/world.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

describe('a sign-out at the provider', () => {
  let world: World;
  before(async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const clientKey = { ...privateKey.export({ format: 'jwk' }), kid: 'of the edge' };
    world = await startWorld({ backchannelLogout: true, clientKey });
  });
  after(() => world?.close());

  test('B28 finds the edge known by its private key, with pushed requests and no secret', async () => {
    const { POSTERN_OIDC_CLIENT_SECRET: secret } = world.edgeEnv();
    assert.equal(secret, undefined);
    assert.equal(await whoIs(await world.signedIn('bob'), world.url), 'bob@acme.com');
    assert.equal(
      world.edge.records().some((line) => line['msg'] === 'visitors cannot sign in'),
      false,
    );
  });

  test('B22 ends the sessions that began there, with what is open, and no others', async () => {
    const [ana, elsewhere] = [await world.signedIn('ana'), await world.signedIn('ana')];
    const { body } = await ana.stream(`${world.url}/sse`);
    body.on('error', () => {}); // it breaks: nothing passes for the end of the stream
    const closed = new Promise((resolve) => body.resume().once('close', resolve));
    const mark = world.edge.mark();
    const page = await ana.open(`${world.issuer}/session/end?client_id=edge`);
    assert.match(page.url, /\/session\/end\/success$/);
    const record = await world.edge.record((line) => line['event'] === 'sign-out-by-provider', mark);
    assert.deepEqual([record['issuer'], record['subject']], [world.issuer, 'ana']);
    await closed;
    assert.equal((await ana.fetch(`${world.url}/`)).status, 401);
    assert.equal(await whoIs(ana, world.base), undefined);
    assert.equal(await whoIs(elsewhere, world.url), 'ana@acme.com');
    await world.signIn(ana, 'ana');
    assert.equal(await whoIs(ana, world.url), 'ana@acme.com');
  });
});

describe('a logout token', () => {
  let hostile: HostileWorld;
  let stranger: SigningKey;
  let count = 0;
  before(async () => {
    hostile = await startHostileWorld();
    stranger = await newSigningKey('first');
  });
  after(() => hostile?.close());

  function claimsOf(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const iat = Math.floor(Date.now() / 1000);
    const jti = `token ${++count}`;
    const claims = {
      iss: hostile.op.issuer,
      aud: 'edge',
      iat,
      exp: iat + 120,
      jti,
      events: { [EVENT]: {} },
      sub: 'alice',
    };
    return { ...claims, ...changes };
  }

  function sign(claims: object, { key, kid } = hostile.op.keys[0] as SigningKey, header: object = {}): Promise<string> {
    const protectedHeader = { alg: 'RS256', kid, typ: 'logout+jwt', ...header };
    return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(protectedHeader).sign(key);
  }

  async function post(body: string, address = `198.51.100.${count % 250}`) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': address };
    const url = `${hostile.world.base}/oauth2/backchannel_logout`;
    return hostile.world.visitor().bare(url, { method: 'POST', headers, body });
  }
  const present = async (token: string) => post(`logout_token=${token}`);

  async function alice(claims: Record<string, unknown> = {}): Promise<Visitor> {
    const visitor = hostile.world.visitor();
    assert.equal((await hostile.signIn(visitor, { claims })).status, 302);
    return visitor;
  }
  const isSignedIn = async (visitor: Visitor) => (await whoIs(visitor, hostile.world.base)) !== undefined;

  test('B22 of a subject ends all of its sessions up to now, once', async () => {
    const [first, second, other] = [await alice(), await alice({ sid: 's' }), await alice({ sub: 'other' })];
    const token = await sign(claimsOf());
    const response = await present(token);
    assert.deepEqual([response.status, response.headers['cache-control']], [200, 'no-store']);
    assert.deepEqual(
      [await isSignedIn(first), await isSignedIn(second), await isSignedIn(other)],
      [false, false, true],
    );
    const again = await alice();
    assert.equal((await present(token)).status, 400);
    assert.equal(await isSignedIn(again), true);
  });

  test('B22 of a session at the provider ends the sessions that began in it, on the tunnel too', async () => {
    const { world } = hostile;
    const [of1, of2] = [await alice({ sid: '1' }), await alice({ sid: '2' })];
    assert.equal((await of1.open(`${world.url}/`)).status, 200);
    assert.equal((await present(await sign(claimsOf({ sid: '1', sub: undefined })))).status, 200);
    assert.equal((await of1.fetch(`${world.url}/`)).status, 401);
    assert.deepEqual([await isSignedIn(of1), await isSignedIn(of2)], [false, true]);
    // Only this client was signed out there: who comes back comes from the same session.
    assert.equal(await isSignedIn(await alice({ sid: '1' })), true);
  });

  test('B22 that is not valid in every part ends nothing', async () => {
    const visitor = await alice();
    const nowSeconds = Math.floor(Date.now() / 1000);
    const wrong: Record<string, unknown>[] = [
      { iss: 'https://evil.test' },
      { iss: undefined },
      { aud: 'other' },
      { aud: ['other'] },
      { aud: undefined },
      { iat: nowSeconds - 3_600 },
      { iat: nowSeconds + 3_600 },
      { iat: undefined },
      { iat: String(nowSeconds) },
      { exp: nowSeconds - 60 },
      { exp: 'soon' },
      { events: undefined },
      { events: { other: {} } },
      { events: [EVENT] },
      { events: { [EVENT]: true } },
      { nonce: 'n' },
      { nonce: null },
      { jti: undefined },
      { jti: '' },
      { jti: 1 },
      { sub: undefined },
      { sub: ['alice'] },
      { sid: 1 },
    ];
    for (const changes of wrong) {
      assert.equal((await present(await sign(claimsOf(changes)))).status, 400, JSON.stringify(changes));
    }
    const forged = [
      await sign(claimsOf(), stranger),
      await sign(claimsOf(), undefined, { typ: 'at+jwt' }),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claimsOf())).toString('base64url')}.`,
      'x.y.z',
      '',
    ];
    for (const token of forged) assert.equal((await present(token)).status, 400, token);
    const good = await sign(claimsOf());
    for (const body of ['', `token=${good}`, `logout_token=${good}&logout_token=${good}`]) {
      assert.equal((await post(body)).status, 400);
      count++;
    }
    assert.equal(await isSignedIn(visitor), true);
  });

  test('B22 that is not valid is limited by address, and those of the provider are not', async () => {
    const statuses = [];
    for (let at = 0; at < 31; at++) statuses.push((await post('logout_token=x', '203.0.113.9')).status);
    assert.deepEqual(statuses, [...Array.from({ length: 30 }, () => 400), 429]);
    for (let at = 0; at < 40; at++) {
      const token = await sign(claimsOf({ sub: `nobody ${at}` }));
      assert.equal((await post(`logout_token=${token}`, '203.0.113.10')).status, 200);
    }
  });
});
