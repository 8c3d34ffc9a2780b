/** The ACME client beside a hostile or broken authority: one sentence for each, and nothing without end. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { flattenedVerify } from 'jose';
import { AccountKey, type ExternalAccount } from '../../../../src/edge/acme/account-key.js';
import { AcmeClient } from '../../../../src/edge/acme/client.js';
import { AcmeError } from '../../../../src/edge/acme/errors.js';
import { DIRECTORY, type FakeAuthority, fakeAuthority } from '../../../support/fake-authority.js';

async function clientOf(
  { fetch }: FakeAuthority,
  signal = new AbortController().signal,
  externalAccount?: ExternalAccount,
): Promise<AcmeClient> {
  return new AcmeClient({ directory: DIRECTORY, key: await AccountKey.generate(), externalAccount, signal, fetch });
}

const EVERYTHING = Object.fromEntries(
  ['newNonce', 'newAccount', 'newOrder'].map((name) => [name, `https://authority.test/${name.slice(3).toLowerCase()}`]),
);
const BAD_NONCE = { status: 400, body: { type: 'urn:ietf:params:acme:error:badNonce', detail: 'try again' } };

describe('the ACME client', () => {
  test('tries again with a new nonce when one is rejected', async () => {
    let rejections = 3;
    const authority = fakeAuthority((path) => (path === '/account' && rejections-- > 0 ? BAD_NONCE : undefined));
    await (await clientOf(authority)).openAccount(undefined);
    assert.equal(authority.requests.filter((request) => request === 'POST /account').length, 4);
  });

  test('gives up after eleven rejected nonces', async () => {
    const authority = fakeAuthority((path) => (path === '/account' ? BAD_NONCE : undefined));
    const client = await clientOf(authority);
    await assert.rejects(() => client.openAccount(undefined), { message: 'the account: badNonce: try again' });
    assert.equal(authority.requests.filter((request) => request === 'POST /account').length, 11);
  });

  test('asks for one nonce, and uses what each response brings', async () => {
    const authority = fakeAuthority((path) => (path === '/thing' ? { body: {} } : undefined));
    const client = await clientOf(authority);
    await client.openAccount(undefined);
    for (let n = 0; n < 3; n++) await client.read('https://authority.test/thing', 'the thing');
    assert.equal(authority.requests.filter((request) => request === 'HEAD /nonce').length, 1);
  });

  const broken = [
    ['a directory that is no JSON', { body: '<html>' }, /^the directory: .* something other than a JSON object$/],
    ['a directory that is a list', { body: [] }, /^the directory: .* something other than a JSON object$/],
    ['a directory without addresses', { body: {} }, /gave no https address for newNonce$/],
    ['an address without TLS', { body: { newNonce: 'http://authority.test/nonce' } }, /no https address for newNonce$/],
    ['a server error', { status: 503, body: 'busy' }, /^the directory: .* responded with status 503$/],
    ['a response without end', { body: 'x'.repeat(300_000) }, /sent more than 256 kB$/],
  ] as const;
  for (const [what, response, message] of broken) {
    test(`says what is wrong with ${what}`, async () => {
      const client = await clientOf(fakeAuthority((path) => (path === '/dir' ? response : undefined)));
      await assert.rejects(() => client.openAccount(undefined), { name: 'AcmeError', message });
    });
  }

  test('binds its account to an external one: the account key, for this request, signed with the MAC key', async () => {
    const bodies: string[] = [];
    const authority = fakeAuthority((path, body) => void (path === '/account' && bodies.push(body)));
    const external = { kid: 'kid-1', key: randomBytes(32) };
    await (await clientOf(authority, undefined, external)).openAccount(undefined);
    const { protected: head, payload } = JSON.parse(bodies[0] ?? '') as Record<'protected' | 'payload', string>;
    const { jwk } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly jwk: object };
    const { externalAccountBinding: binding } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const verified = await flattenedVerify(binding, external.key);
    assert.deepEqual(verified.protectedHeader, { alg: 'HS256', kid: 'kid-1', url: 'https://authority.test/account' });
    assert.deepEqual(JSON.parse(Buffer.from(verified.payload).toString()), jwk);
  });

  test('says which options an authority that demands an external account needs', async () => {
    const type = 'urn:ietf:params:acme:error:externalAccountRequired';
    const strict = fakeAuthority((path) =>
      path === '/account'
        ? { status: 403, body: { type, detail: 'no' } }
        : path === '/dir'
          ? { body: { ...EVERYTHING, meta: { externalAccountRequired: true } } }
          : undefined,
    );
    const message = /expected POSTERN_ACME_EAB_KID and POSTERN_ACME_EAB_KEY/;
    const client = await clientOf(strict);
    await assert.rejects(() => client.check(), { name: 'AcmeError', message });
    await assert.rejects(() => client.openAccount(undefined), { name: 'AcmeError', message });
    const wrong = await clientOf(strict, undefined, { kid: 'kid-1', key: randomBytes(32) });
    await wrong.check();
    await assert.rejects(() => wrong.openAccount(undefined), {
      message: /^the account: externalAccountRequired: no \(does POSTERN_ACME_EAB_KEY belong to POSTERN_ACME_EAB_KID/,
    });
  });

  test('reads the directory again once it is well', async () => {
    let isBroken = true;
    const client = await clientOf(fakeAuthority((path) => (path === '/dir' && isBroken ? { status: 500 } : undefined)));
    await assert.rejects(() => client.openAccount(undefined));
    isBroken = false;
    await client.openAccount(undefined);
  });

  test('reports how long a rate limit lasts', async () => {
    const limited = {
      status: 429,
      headers: { 'retry-after': '3600' },
      body: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' },
    };
    const client = await clientOf(fakeAuthority((path) => (path === '/order' ? limited : undefined)));
    await client.openAccount(undefined);
    await assert.rejects(
      () => client.newOrder(['tunnel.test']),
      (error) => error instanceof AcmeError && error.type === 'rateLimited' && error.retryAfterMs === 3_600_000,
    );
  });

  test('repeats no control character of an authority, and not much of its text', async () => {
    const detail = `\u001b]52;c;aGk=\u0007\u202eevil\r\n${'x'.repeat(1_000)}`;
    const client = await clientOf(
      fakeAuthority((path) => (path === '/order' ? { status: 400, body: { detail } } : undefined)),
    );
    await client.openAccount(undefined);
    await assert.rejects(
      () => client.newOrder(['tunnel.test']),
      ({ message }: Error) => /^the order: [\x20-\x7e]+$/.test(message) && message.length < 320,
    );
  });

  test('ends a request when the edge stops', async () => {
    const stop = new AbortController();
    const fetch = (_: string, { signal }: RequestInit) =>
      new Promise<Response>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const client = await clientOf({ fetch, requests: [] }, stop.signal);
    const opening = client.openAccount(undefined);
    stop.abort(new Error('stopped'));
    await assert.rejects(opening, { message: 'stopped' });
  });
});
