/** The private key of a client: what can be used, and one sentence for each way in which it cannot. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { clientKey } from '../../../src/config/client-key.js';
import { CERTIFICATE_PATH, KEY_PATH } from '../../support/tls-front.js';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const [p256, ed25519] = [ec('P-256'), generateKeyPairSync('ed25519')];
const pem = (key: KeyObject, type: 'pkcs8' | 'spki' = 'pkcs8') => String(key.export({ type, format: 'pem' }));
const jwk = (key: KeyObject, more: object = {}) => JSON.stringify({ ...key.export({ format: 'jwk' }), ...more });
const locked = (type: 'pkcs8' | 'sec1') =>
  String(p256.privateKey.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' }));
const certificate = readFileSync(CERTIFICATE_PATH, 'utf8');

describe('the private key of a client', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  for (const [what, text, algorithms, names] of [
    ['RSA', pem(rsa), ['RS256', 'PS256'], {}],
    ['RSA by an algorithm', jwk(rsa, { alg: 'PS256', kid: 'one', use: 'sig' }), ['PS256'], { kid: 'one' }],
    ['P-256', pem(p256.privateKey), ['ES256'], {}],
    ['P-256 as SEC 1', String(p256.privateKey.export({ type: 'sec1', format: 'pem' })), ['ES256'], {}],
    ['P-384', jwk(ec('P-384').privateKey), ['ES384'], {}],
    ['P-521', pem(ec('P-521').privateKey), ['ES512'], {}],
    ['Ed25519', jwk(ed25519.privateKey), ['EdDSA', 'Ed25519'], {}],
  ] as const) {
    it(`may be ${what}`, () => {
      const { value, problems } = clientKey.read(text);
      assert.deepEqual([problems, value?.algorithms, value?.names], [[], algorithms, names]);
    });
  }

  it('is named by the certificate beside it', () => {
    const { value } = clientKey.read(`${certificate}\n${readFileSync(KEY_PATH, 'utf8')}`);
    assert.match(value?.names['x5t#S256'] ?? '', /^[\w-]{43}$/);
  });

  for (const [what, text, problem] of [
    ['with a passphrase', locked('pkcs8'), /has a passphrase.*expected one without/],
    ['with a passphrase, in the older form', locked('sec1'), /has a passphrase/],
    ['that is public', pem(p256.publicKey, 'spki'), /holds no private key/],
    ['that is a path', '/etc/postern/key.pem', /holds no private key/],
    ['that is damaged', pem(p256.privateKey).replace('MIG', 'MIF'), /cannot be read/],
    ['of RSA with 1024 bits', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /too short/],
    ['of another curve', pem(ec('secp256k1').privateKey), /another type/],
    ['of another type', pem(generateKeyPairSync('x25519').privateKey), /another type/],
    ['with the certificate of another', certificate + pem(p256.privateKey), /certificate is not for its key/],
    ['as half a JWK', '{"kty":"EC"', /is not JSON/],
    ['as a public JWK', jwk(p256.publicKey), /not a private key/],
    ['as a set', `{"keys":[${jwk(p256.privateKey)}]}`, /a set of keys/],
    ['that is symmetric', '{"kty":"oct","k":"aGk","d":"x"}', /cannot be read/],
    ['for another algorithm', jwk(p256.privateKey, { alg: 'RS256' }), /"alg" does not fit the key: expected ES256/],
    ['for encryption', jwk(p256.privateKey, { use: 'enc' }), /"use" is another one/],
    ['without a usable name', jwk(p256.privateKey, { kid: 'a\nb' }), /"kid" is no name/],
  ] as const) {
    it(`is refused ${what}`, () => {
      const { value, problems } = clientKey.read(text);
      assert.deepEqual([value, problems.length], [undefined, 1]);
      assert.match(problems[0] ?? '', problem);
    });
  }
});
