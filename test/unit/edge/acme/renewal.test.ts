/** When a certificate is renewed: two thirds of its lifetime, or what its authority says (RFC 9773). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AccountKey } from '../../../../src/edge/acme/account-key.js';
import { AcmeClient } from '../../../../src/edge/acme/client.js';
import { planRenewal, twoThirds } from '../../../../src/edge/acme/renewal.js';
import { certificateId } from '../../../../src/edge/acme/x509.js';
import { issuedCertificate } from '../../../support/edge-certificates.js';
import { DIRECTORY, type FakeResponse, fakeAuthority } from '../../../support/fake-authority.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-29T00:00:00Z');
const LIFETIME = { notBeforeMs: NOW - 10 * DAY, notAfterMs: NOW + 80 * DAY };

async function plan(
  response: FakeResponse | undefined,
  places: Readonly<Record<string, string>> = { renewalInfo: '/ari' },
) {
  const pem = await issuedCertificate('tunnel.test');
  const id = await certificateId(pem);
  const authority = fakeAuthority((path) => (path === `/ari/${id}` ? response : undefined), places);
  const { signal } = new AbortController();
  const client = new AcmeClient({ directory: DIRECTORY, key: await AccountKey.generate(), signal, ...authority });
  return planRenewal(client, pem, LIFETIME, NOW, () => 0.5);
}

function window(startDays: number, endDays: number) {
  return {
    suggestedWindow: {
      start: new Date(NOW + startDays * DAY).toISOString(),
      end: new Date(NOW + endDays * DAY).toISOString(),
    },
  };
}

describe('a certificate is renewed', () => {
  test('after two thirds of its lifetime', () => {
    assert.equal(twoThirds(LIFETIME), NOW + 50 * DAY);
    assert.equal(twoThirds({ notBeforeMs: NOW, notAfterMs: NOW + 6 * DAY }), NOW + 4 * DAY);
  });

  test('within the window of its authority, which is asked again when it says', async () => {
    const found = await plan({ headers: { 'retry-after': '7200' }, body: window(20, 22) });
    assert.deepEqual(found, { renewAtMs: NOW + 21 * DAY, askAgainAtMs: NOW + 7_200_000 });
  });

  test('at once when the window has passed: its authority will revoke it', async () => {
    assert.equal((await plan({ body: window(-3, -1) })).renewAtMs, NOW - 2 * DAY);
  });

  test('before it ends, whatever its authority says', async () => {
    assert.equal((await plan({ body: window(900, 902) })).renewAtMs, LIFETIME.notAfterMs - 60_000);
  });

  test('after two thirds when its authority knows no such advice, and then it is not asked again', async () => {
    assert.deepEqual(await plan(undefined, {}), { renewAtMs: NOW + 50 * DAY, askAgainAtMs: Number.POSITIVE_INFINITY });
  });

  const nonsense: readonly (readonly [string, FakeResponse])[] = [
    ['fails', { status: 500 }],
    ['sends no JSON', { body: 'soon' }],
    ['names no window', { body: {} }],
    ['names a window that ends before it begins', { body: window(5, 4) }],
    ['names no times', { body: { suggestedWindow: { start: 'soon', end: 'later' } } }],
  ];
  for (const [what, response] of nonsense) {
    test(`after two thirds when its authority ${what}, and then it is asked again in six hours`, async () => {
      assert.deepEqual(await plan(response), { renewAtMs: NOW + 50 * DAY, askAgainAtMs: NOW + DAY / 4 });
    });
  }

  test('with an authority that wants to be asked every second asked once a minute', async () => {
    assert.equal((await plan({ headers: { 'retry-after': '1' }, body: window(1, 2) })).askAgainAtMs, NOW + 60_000);
  });
});

describe('the id of a certificate', () => {
  // The example of RFC 9773 section 4.1: key identifier and serial, the latter with its zero byte.
  test('is that of RFC 9773', async () => {
    const issued = await issuedCertificate('tunnel.test', {
      serial: '87654321',
      authorityKey: '69885b6b87464041e1b37b847ba0ae2cde01c8d4',
    });
    assert.equal(await certificateId(issued), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  });
});
