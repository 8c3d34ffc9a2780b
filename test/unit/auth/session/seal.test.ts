import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompactEncrypt } from 'jose';
import { MAX_SEALED_CHARS, open, seal } from '../../../../src/auth/session/seal.js';
import { deriveKeys } from '../../../../src/core/keys.js';

const keys = deriveKeys(['a secret of at least thirty-two bytes'], 'session');
const payload = { id: 'abc', text: 'žluťoučký "kůň"\u0000', list: [1, 2, 3] };

async function sealWith(header: Record<string, string>, text: string, bytes = keys[0].bytes): Promise<string> {
  const protectedHeader = { alg: 'dir', enc: 'A256GCM', kid: keys[0].id, ...header };
  return new CompactEncrypt(Buffer.from(text)).setProtectedHeader(protectedHeader).encrypt(bytes);
}

describe('seal', () => {
  it('is reversed by open', async () => {
    assert.deepEqual(await open(await seal(payload, keys), keys), payload);
  });

  it('never returns the same text twice', async () => {
    assert.notEqual(await seal(payload, keys), await seal(payload, keys));
  });

  it('shows nothing of the payload and is safe in cookies and URLs', async () => {
    const sealed = await seal({ email: 'alice@acme.com' }, keys);
    assert.match(sealed, /^[\w.-]+$/);
    for (const part of sealed.split('.'))
      assert.doesNotMatch(Buffer.from(part, 'base64url').toString('latin1'), /alice/);
  });
});

describe('open refuses', () => {
  it('every text that differs in one character', async () => {
    const sealed = await seal(payload, keys);
    for (let at = 0; at < sealed.length; at += 1) {
      for (const other of ['A', 'B', '_', '.', '=', ' ', '%', 'é']) {
        if (sealed[at] === other) continue;
        const text = sealed.slice(0, at) + other + sealed.slice(at + 1);
        assert.equal(await open(text, keys), undefined, `${other} at ${at}`);
      }
    }
  });

  it('changed unused bits of a last digit, which decode to the same bytes', async () => {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sealed = await seal(payload, keys);
    const last = digits.indexOf(sealed.at(-1) as string);
    for (let bits = 1; bits < 16; bits += 1) {
      assert.equal(await open(sealed.slice(0, -1) + digits[last ^ bits], keys), undefined);
    }
  });

  it('every truncation and every addition', async () => {
    const sealed = await seal(payload, keys);
    for (let length = 0; length < sealed.length; length += 1) {
      assert.equal(await open(sealed.slice(0, length), keys), undefined, `length ${length}`);
    }
    for (const more of ['A', '.', '.A', '\n', ' ', '\0']) assert.equal(await open(sealed + more, keys), undefined);
  });

  it('parts of two sealed texts put together', async () => {
    const one = (await seal({ ...payload, id: 'one' }, keys)).split('.');
    const two = (await seal({ ...payload, id: 'two' }, keys)).split('.');
    for (let mask = 0; mask < 32; mask += 1) {
      const mixed = one.map((part, at) => (mask & (1 << at) ? two[at] : part)).join('.');
      const genuine = [one.join('.'), two.join('.')].includes(mixed);
      assert.equal((await open(mixed, keys)) !== undefined, genuine, `parts ${mask.toString(2)}`);
    }
  });

  it('text sealed for another purpose or with a removed secret', async () => {
    const ticket = deriveKeys(['a secret of at least thirty-two bytes'], 'ticket');
    const gone = deriveKeys(['another secret of thirty-two bytes or more'], 'session');
    assert.equal(await open(await seal(payload, ticket), keys), undefined);
    assert.equal(await open(await seal(payload, gone), keys), undefined);
    assert.equal(await open(await sealWith({}, '{}', gone[0].bytes), keys), undefined);
  });

  it('other algorithms, compression and an unknown or missing key id', async () => {
    assert.deepEqual(await open(await sealWith({}, '{}'), keys), {});
    assert.equal(await open(await sealWith({ enc: 'A128CBC-HS256' }, '{}'), keys), undefined);
    assert.equal(await open(await sealWith({ zip: 'DEF' }, '{}').catch(() => ''), keys), undefined);
    assert.equal(await open(await sealWith({ kid: 'x' }, '{}'), keys), undefined);
    assert.equal(await open(await sealWith({ kid: '' }, '{}'), keys), undefined);
  });

  it('payloads that are not objects', async () => {
    for (const text of ['', 'null', '[]', '"text"', '1', '{']) {
      assert.equal(await open(await sealWith({}, text), keys), undefined, text);
    }
  });

  it('text longer than the limit, even if it is genuine', async () => {
    const long = await seal({ text: 'x'.repeat(7000) }, keys);
    assert.equal(long.length > MAX_SEALED_CHARS, true);
    assert.equal(await open(long, keys), undefined);
    assert.equal(await open('A'.repeat(1_000_000), keys), undefined);
  });
});

describe('rotation', () => {
  const old = deriveKeys(['an old secret of thirty-two bytes or so'], 'session');
  const both = deriveKeys(
    ['a new secret of thirty-two bytes or so', 'an old secret of thirty-two bytes or so'],
    'session',
  );
  const fresh = deriveKeys(['a new secret of thirty-two bytes or so'], 'session');

  it('opens what the old secret sealed as long as it is listed', async () => {
    const sealed = await seal(payload, old);
    assert.deepEqual(await open(sealed, both), payload);
    assert.equal(await open(sealed, fresh), undefined);
  });

  it('seals with the new secret', async () => {
    const sealed = await seal(payload, both);
    assert.deepEqual(await open(sealed, fresh), payload);
    assert.equal(await open(sealed, old), undefined);
  });
});
