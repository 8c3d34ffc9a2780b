/**
 * The private key with which the edge authenticates at an identity provider (`private_key_jwt`, OpenID Connect Core section
 * 9): PEM or a JWK (RFC 7517), and what it can sign with.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type PemFault, readPemCertificates, readPemKey } from '../core/pem.js';
import { isPlainText } from '../core/plain-text.js';
import { Value } from './value.js';

/** A key that can be used. */
export interface ClientKey {
  readonly key: KeyObject;
  /** JWS algorithms (RFC 7518, RFC 8037), the preferred one first; never empty. */
  readonly algorithms: readonly string[];
  /** The parameters of a JWS header that name the key (RFC 7515 section 4.1). */
  readonly names: Readonly<Record<string, string>>;
}

/** What is wrong with a key, as the end of a sentence. */
class KeyFault extends Error {}

const MIN_RSA_BITS = 2048; // RFC 7518 section 3.3
const MAX_NAME_CHARS = 255;
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

const EXPECTED = 'expected a private key, PEM (PKCS #8) or a JWK';
const EXPECTED_TYPE = `expected RSA with ${MIN_RSA_BITS} bits or more, EC with P-256, P-384 or P-521, or Ed25519`;

const PEM_FAULTS: Readonly<Record<PemFault, string>> = {
  passphrase: 'the key has a passphrase, which an edge that starts by itself cannot ask for: expected one without',
  missing: `it holds no private key: ${EXPECTED}`,
  damaged: `the key cannot be read: ${EXPECTED}`,
};

/** The text of a key, which no problem quotes. */
export const clientKey: Value<ClientKey> = new Value((text) => {
  try {
    return { value: text.startsWith('{') ? fromJwk(text) : fromPem(text), problems: [] };
  } catch (error) {
    if (error instanceof KeyFault) return { value: undefined, problems: [error.message] };
    throw error;
  }
});

function fromPem(text: string): ClientKey {
  const key = readPemKey(text);
  if (typeof key === 'string') throw new KeyFault(PEM_FAULTS[key]);
  const algorithms = algorithmsOf(key);
  const [certificate] = certificatesOf(text);
  if (certificate === undefined) return { key, algorithms, names: {} };
  if (!certificate.checkPrivateKey(key)) throw new KeyFault('its certificate is not for its key: expected a pair');
  const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  return { key, algorithms: withCertificate(algorithms), names: { 'x5t#S256': thumbprint } };
}

// Entra is the provider that knows a key by its certificate: it wants PS256, and its metadata does not say so.
function withCertificate(algorithms: readonly string[]): readonly string[] {
  return algorithms.includes('PS256') ? ['PS256', 'RS256'] : algorithms;
}

function certificatesOf(text: string) {
  const certificates = readPemCertificates(text);
  if (certificates === undefined)
    throw new KeyFault('its certificate cannot be read: expected a PEM certificate, or none');
  return certificates;
}

function fromJwk(text: string): ClientKey {
  const jwk = parseJwk(text);
  const key = importJwk(jwk);
  const { alg, use, kid, 'x5t#S256': thumbprint } = jwk;
  if (use !== undefined && use !== 'sig') throw new KeyFault('its "use" is another one: expected a key for "sig"');
  const all = algorithmsOf(key);
  const algorithms = all.filter((algorithm) => alg === undefined || algorithm === alg);
  if (algorithms.length === 0) throw new KeyFault(`its "alg" does not fit the key: expected ${all.join(' or ')}`);
  const given = Object.entries({ kid, 'x5t#S256': thumbprint }).filter(([, value]) => value !== undefined);
  const names = given.map(([name, value]) => {
    if (isPlainText(value, MAX_NAME_CHARS)) return [name, value] as const;
    throw new KeyFault(`its "${name}" is no name: expected visible text`);
  });
  return { key, algorithms, names: Object.fromEntries(names) };
}

function parseJwk(text: string): Readonly<Partial<Record<string, unknown>>> {
  try {
    return JSON.parse(text) as Record<string, unknown>; // it begins with a brace
  } catch {
    throw new KeyFault('it begins like a JWK, and is not JSON: expected one whole JWK');
  }
}

function importJwk(jwk: Readonly<Partial<Record<string, unknown>>>): KeyObject {
  if (jwk['keys'] !== undefined) throw new KeyFault('it is a set of keys: expected one private key of it');
  if (jwk['d'] === undefined) throw new KeyFault('it is not a private key: expected one, with its member "d"');
  try {
    return createPrivateKey({ key: jwk as Record<string, string>, format: 'jwk' });
  } catch {
    throw new KeyFault(`the key cannot be read: ${EXPECTED_TYPE}`);
  }
}

function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly string[] {
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) return ['RS256', 'PS256'];
  if (type === 'ed25519') return ['EdDSA', 'Ed25519']; // RFC 9864 names the curve
  const ofCurve = type === 'ec' ? CURVES[details?.namedCurve ?? ''] : undefined;
  if (ofCurve === undefined) throw new KeyFault(`the key is of another type, or too short: ${EXPECTED_TYPE}`);
  return [ofCurve];
}
