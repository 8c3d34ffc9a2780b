/** Authorization codes and device codes, with a clock of the test. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { AuthorizationCodes } from '../../../../src/edge/oauth/authorization-codes.js';
import { isRedirectUri, readOrigin } from '../../../../src/edge/oauth/client.js';
import { DeviceCodes, MAX_WAITING } from '../../../../src/edge/oauth/device-codes.js';
import { OAuthSecrets, readUserCode } from '../../../../src/edge/oauth/oauth-secrets.js';
import { MemoryStore } from '../../../../src/store/memory.js';

const ORIGIN = { machine: 'laptop', user: 'ana', address: '198.51.100.1' };
const ANA: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'a',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};
const REDIRECT_URI = 'http://127.0.0.1:4567/callback';
const VERIFIER = 'v'.repeat(43);
const GRANT = {
  identity: ANA,
  origin: ORIGIN,
  redirectUri: REDIRECT_URI,
  challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
};

function open() {
  const clock = { ms: 1_000_000 };
  const now = () => clock.ms;
  const store = new MemoryStore({ now });
  const parts = { store, oauth: new OAuthSecrets(['a secret of thirty-two bytes or more']), now };
  return { clock, store, codes: new AuthorizationCodes(parts), devices: new DeviceCodes(parts) };
}

describe('an authorization code', () => {
  const right = { redirectUri: REDIRECT_URI, verifier: VERIFIER };

  it('is redeemed once; the second time tells which sign-in it began', async () => {
    const { codes } = open();
    const code = await codes.issue(GRANT);
    const first = await codes.redeem(code, right);
    assert.ok(first.kind === 'granted');
    assert.deepEqual([first.identity, first.origin], [ANA, ORIGIN]);
    assert.deepEqual(await codes.redeem(code, right), { kind: 'reused', id: first.id, owner: 'ana@acme.com' });
  });

  it('is redeemed by one of two requests at once', async () => {
    const { codes } = open();
    const code = await codes.issue(GRANT);
    const both = await Promise.all([codes.redeem(code, right), codes.redeem(code, right)]);
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ['granted', 'reused']);
  });

  it('ends after sixty seconds', async () => {
    const { clock, codes } = open();
    const code = await codes.issue(GRANT);
    clock.ms += 60_000;
    assert.deepEqual(await codes.redeem(code, right), { kind: 'refused' });
  });

  for (const [name, wrong] of [
    ['another verifier', { ...right, verifier: 'w'.repeat(43) }],
    ['the challenge in place of the verifier', { ...right, verifier: GRANT.challenge }],
    ['another redirect URI', { ...right, redirectUri: 'http://127.0.0.1:4568/callback' }],
  ] as const) {
    it(`is used up by ${name}`, async () => {
      const { codes } = open();
      const code = await codes.issue(GRANT);
      assert.deepEqual(await codes.redeem(code, wrong), { kind: 'refused' });
      assert.deepEqual(await codes.redeem(code, right), { kind: 'refused' });
    });
  }
});

describe('a redirect URI', () => {
  for (const text of ['http://127.0.0.1:1', 'http://127.0.0.1:65535/', 'http://[::1]:80/a/b-c_d.e~f'])
    it(`may be ${text}`, () => assert.equal(isRedirectUri(text), true));

  for (const text of [
    '',
    'http://127.0.0.1',
    'http://127.0.0.1/',
    'http://127.0.0.1:0/',
    'http://127.0.0.1:65536/',
    'http://127.0.0.1:080/',
    'https://127.0.0.1:1/',
    'HTTP://127.0.0.1:1/',
    'http://localhost:1/',
    'http://127.0.0.2:1/',
    'http://127.1:1/',
    'http://2130706433:1/',
    'http://0x7f.0.0.1:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://[0:0:0:0:0:0:0:1]:1/',
    'http://127.0.0.1.evil.example:1/',
    'http://127.0.0.1:1.evil.example/',
    'http://127.0.0.1:1@evil.example/',
    'http://127.0.0.1@evil.example:1/',
    'http://user@127.0.0.1:1/',
    'http://127.0.0.1:1/?next=x',
    'http://127.0.0.1:1/#',
    'http://127.0.0.1:1/%0d%0a',
    'http://127.0.0.1:1\\@evil.example/',
    ' http://127.0.0.1:1/',
    'http://127.0.0.1:1/\n',
    'http://evil.example:1/',
    'http://evil.example/http://127.0.0.1:1/',
    'javascript://127.0.0.1:1/%0aalert(1)',
    'postern://127.0.0.1:1/',
  ])
    it(`may not be ${JSON.stringify(text)}`, () => assert.equal(isRedirectUri(text), false));
});

describe('a device code', () => {
  it('waits, and then gives the identity that allowed it, once', async () => {
    const { clock, devices } = open();
    const { deviceCode, userCode, expiresIn, interval } = await devices.start(ORIGIN);
    assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    assert.deepEqual([expiresIn, interval], [600, 5]);
    assert.deepEqual(await devices.poll(deviceCode), { kind: 'pending' });
    assert.deepEqual((await devices.find(userCode))?.origin, ORIGIN);
    assert.equal(await devices.decide(userCode, ANA), true);
    clock.ms += 5_000;
    const polled = await devices.poll(deviceCode);
    assert.ok(polled.kind === 'granted' && polled.identity.email === 'ana@acme.com');
    assert.deepEqual(await devices.poll(deviceCode), { kind: 'reused', id: polled.id, owner: 'ana@acme.com' });
    assert.equal(await devices.find(userCode), undefined);
  });

  it('is decided once: who said no is not overruled', async () => {
    const { devices } = open();
    const { deviceCode, userCode } = await devices.start(ORIGIN);
    assert.equal(await devices.decide(userCode, 'denied'), true);
    assert.equal(await devices.decide(userCode, ANA), false);
    assert.deepEqual(await devices.poll(deviceCode), { kind: 'denied' });
  });

  it('ends after ten minutes, also for a person, and says so', async () => {
    const { clock, devices } = open();
    const { deviceCode, userCode } = await devices.start(ORIGIN);
    clock.ms += 600_000;
    assert.equal(await devices.find(userCode), undefined);
    assert.equal(await devices.decide(userCode, ANA), false);
    assert.deepEqual(await devices.poll(deviceCode), { kind: 'expired' });
    assert.deepEqual(await devices.poll('another'), { kind: 'refused' });
  });

  it('that is presented too early waits five seconds longer each time', async () => {
    const { clock, devices } = open();
    const { deviceCode } = await devices.start(ORIGIN);
    const pollAfter = async (ms: number) => {
      clock.ms += ms;
      return (await devices.poll(deviceCode)).kind;
    };
    assert.equal(await pollAfter(0), 'pending');
    assert.equal(await pollAfter(1_000), 'slow-down');
    assert.equal(await pollAfter(5_000), 'slow-down');
    assert.equal(await pollAfter(15_000), 'pending');
  });

  it('of one address waits with at most a hundredth of all', async () => {
    const { devices } = open();
    for (let count = 0; count < MAX_WAITING / 100; count++) await devices.start(ORIGIN);
    await assert.rejects(devices.start(ORIGIN), { code: 'ERR_RATE_LIMITED' });
    await devices.start({ ...ORIGIN, address: '203.0.113.1' });
  });

  it('leaves neither code in the store', async () => {
    const { store, devices } = open();
    const { deviceCode, userCode } = await devices.start(ORIGIN);
    const entries = [...(await store.list('device-code:')), ...(await store.list('user-code:'))];
    assert.equal(entries.length, 2);
    for (const code of [deviceCode, userCode, userCode.replace('-', '')])
      assert.ok(!JSON.stringify(entries).includes(code));
  });
});

describe('a user code', () => {
  for (const text of ['bcdf-ghjk', 'BCDFGHJK', ' b c d f g h j k ', 'BCDF–GHJK'])
    it(`is read from ${JSON.stringify(text)}`, () => assert.equal(readUserCode(text), 'BCDF-GHJK'));
  for (const text of ['', 'BCDF-GHJ', 'BCDF-GHJKL', 'ACDF-GHJK', 'BCDF-GHJ1', '<script>'])
    it(`is not read from ${JSON.stringify(text)}`, () => assert.equal(readUserCode(text), undefined));
});

describe('what an agent says of its machine', () => {
  const shown = (machine: string) => readOrigin(new Map([['machine', machine]]), '::1').machine;

  it('is cut and made printable', () => {
    assert.equal(shown('x'.repeat(500)), `${'x'.repeat(64)}…`);
    assert.equal(shown('a\u202eb\u0000\n\x1b[31m'), 'a\\u{202e}b\\x00\\x0a\\x1b[31m');
  });

  it('cannot end the quotation in which a page shows it', () => {
    assert.equal(shown('x”. Press “Allow" «y»'), "x'. Press 'Allow' 'y'");
  });

  it('is empty when it says nothing', () =>
    assert.deepEqual(readOrigin(new Map(), '::1'), { machine: '', user: '', address: '::1' }));
});
