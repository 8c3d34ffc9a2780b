import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveKeys, type KeyPurpose } from '../../../src/core/keys.js';

const PURPOSES: readonly KeyPurpose[] = ['session', 'ticket', 'transaction', 'token', 'assertion'];
const OLD = 'old-secret-of-at-least-thirty-two-bytes';
const NEW = 'new-secret-of-at-least-thirty-two-bytes';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('deriveKeys', () => {
  it('gives the same key for the same secret, on every node and after every restart', () => {
    assert.deepEqual(deriveKeys([OLD], 'session'), deriveKeys([OLD], 'session'));
  });

  it('gives unrelated keys and ids to different purposes and secrets', () => {
    const keys = PURPOSES.flatMap((purpose) => deriveKeys([NEW, OLD], purpose));
    assert.equal(new Set(keys.map((key) => hex(key.bytes))).size, keys.length);
    assert.equal(new Set(keys.map((key) => key.id)).size, keys.length);
  });

  it('puts the newest first and keeps the old one', () => {
    const rotated = deriveKeys([NEW, OLD], 'ticket');
    assert.deepEqual(rotated[0], deriveKeys([NEW], 'ticket')[0]);
    assert.deepEqual(rotated[1], deriveKeys([OLD], 'ticket')[0]);
  });

  it('gives the requested number of bytes, 32 by default', () => {
    assert.equal(deriveKeys([OLD], 'session')[0].bytes.length, 32);
    assert.equal(deriveKeys([OLD], 'assertion', 48)[0].bytes.length, 48);
  });

  it('has an id that is cookie-safe and no part of the key', () => {
    const [key] = deriveKeys([OLD], 'session');
    assert.match(key.id, /^[\w-]{8}$/);
    assert.equal(hex(key.bytes).includes(Buffer.from(key.id, 'base64url').toString('hex')), false);
  });

  it('refuses to work without a secret', () => assert.throws(() => deriveKeys([], 'session'), RangeError));
});
