/**
 * Certificates as ASN.1: requests for them (RFC 2986), the certificate of a TLS-ALPN-01 challenge (RFC 8737 section 3) and that of
 * a node, and the id by which an authority knows one (RFC 9773 section 4.1). Owns `@peculiar/x509`, which is loaded when it is
 * needed: an edge without ACME and without other nodes never does.
 */
import { createHash, webcrypto } from 'node:crypto';
import type { Extension } from '@peculiar/x509';

/** A key and what was made with it. */
export interface CertificateRequest {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** DER. */
  readonly request: Buffer;
}

/** PEM. */
export interface CertificateAndKey {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAY_MS = 86_400_000;

/** A new key, PKCS #8, PEM. */
export async function generateKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const { PemConverter } = await library();
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}

/** The request for a certificate with these DNS names, DER. */
export async function createRequest(key: string, names: readonly string[]): Promise<Buffer> {
  const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await library();
  const alternatives = new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })));
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: await importKeys(key),
    signingAlgorithm: ALGORITHM,
    extensions: [alternatives],
  });
  return Buffer.from(request.rawData);
}

/** The certificate that proves a name by TLS-ALPN-01, PEM, and its key. */
export async function createProof(name: string, keyAuthorization: string): Promise<CertificateAndKey> {
  const { Extension, SubjectAlternativeNameExtension } = await library();
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const octets = Buffer.concat([Buffer.from([0x04, digest.length]), digest]); // an OCTET STRING in the extension's own
  return await createSelfSigned(name, DAY_MS, [
    new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    new Extension(ACME_IDENTIFIER, true, octets),
  ]);
}

/** A certificate that is its own authority, PEM, valid from a day ago, and its key. */
export async function createSelfSigned(
  name: string,
  validForMs: number,
  extensions: Extension[] = [],
): Promise<CertificateAndKey> {
  const { X509CertificateGenerator } = await library();
  const key = await generateKey();
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys: await importKeys(key),
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + validForMs),
    extensions,
  });
  return { cert: certificate.toString('pem'), key };
}

/** The id of a certificate, PEM, by RFC 9773; undefined where it names no issuer's key. */
export async function certificateId(pem: string): Promise<string | undefined> {
  const { AuthorityKeyIdentifierExtension, X509Certificate } = await library();
  const certificate = new X509Certificate(pem);
  const keyId = certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return undefined;
  // The serial number as DER has it: with a zero byte in front where the first bit is set.
  const serial = Buffer.from(certificate.serialNumber, 'hex');
  const signed = (serial[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), serial]) : serial;
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${signed.toString('base64url')}`;
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const { PemConverter } = await library();
  const bytes = PemConverter.decodeFirst(pem);
  const { subtle } = webcrypto;
  const privateKey = await subtle.importKey('pkcs8', bytes, ALGORITHM, true, ['sign']);
  const { kty, crv, x, y } = await subtle.exportKey('jwk', privateKey);
  const publicJwk = { kty, crv, x, y } as webcrypto.JsonWebKey;
  return { privateKey, publicKey: await subtle.importKey('jwk', publicJwk, ALGORITHM, true, ['verify']) };
}

async function library(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata'); // the library registers its parts with it
  return import('@peculiar/x509');
}
