import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashNonce, Nonces } from '../../../../src/auth/session/nonce.js';

const SECRET = 'a secret of at least thirty-two bytes';
const HOST = 'demo.tunnel.test';

describe('a nonce', () => {
  const nonces = new Nonces([SECRET]);

  it('is unique, has 256 bits, and is a valid cookie value', () => {
    const made = new Set(Array.from({ length: 100 }, () => nonces.issue(HOST)));
    assert.equal(made.size, 100);
    for (const nonce of made) assert.match(nonce, /^[\w-]{43}\.[\w-]{43}$/);
  });

  it('is recognised on its host, after a rotation too', () => {
    const nonce = nonces.issue(HOST);
    assert.equal(nonces.isIssued(nonce, HOST), true);
    assert.equal(new Nonces(['a fresh secret of thirty-two bytes or more', SECRET]).isIssued(nonce, HOST), true);
  });

  it('cannot be forged: not invented, changed, of another host or secret, or a proof', () => {
    const nonce = nonces.issue(HOST);
    const proof = nonces.prove(nonce, HOST);
    const [text = '', code = ''] = nonce.split('.');
    const changed = `${text.slice(0, -1)}${text.endsWith('A') ? 'E' : 'A'}`;
    for (const odd of ['', '.', 'A'.repeat(43), `${changed}.${code}`, `${text}.${text}`, text, `${nonce}A`, proof]) {
      assert.equal(nonces.isIssued(odd, HOST), false, odd);
    }
    assert.equal(nonces.isIssued(nonce, 'evil.tunnel.test'), false);
    assert.equal(new Nonces(['a fresh secret of thirty-two bytes or more']).isIssued(nonce, HOST), false);
  });

  it('is proved by its hash, which does not reveal it, for its host only', () => {
    const nonce = nonces.issue(HOST);
    const proof = nonces.prove(nonce, HOST);
    assert.equal(proof.includes(nonce.slice(0, 43)), false);
    assert.equal(nonces.readProof(proof, HOST), hashNonce(nonce));
    assert.equal(nonces.readProof(proof, 'evil.tunnel.test'), undefined);
    for (const odd of [nonce, hashNonce(nonce), `${hashNonce('x')}.${proof.split('.')[1]}`, '', `${proof}=`]) {
      assert.equal(nonces.readProof(odd, HOST), undefined, odd);
    }
  });
});
