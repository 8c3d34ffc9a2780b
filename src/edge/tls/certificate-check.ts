/**
 * Checks a certificate chain and its key before anyone is shown them: whether they can be used, for this edge, now. Each
 * finding is a sentence.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type PemFault, readPemCertificates, readPemKey } from '../../core/pem.js';

/** A chain and its key, as PEM; the chain begins with the certificate of the edge. */
export interface KeyedChain {
  readonly chain: string;
  readonly key: string;
}

/** A chain that can be used. */
export interface CheckedCertificate extends KeyedChain {
  /** The DNS names that it is for, in lower case; `*.` stands for one label. */
  readonly names: readonly string[];
  /** In milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** What is wrong with it although it can be used. */
  readonly warnings: readonly string[];
}

/** Why a certificate cannot be used: the message is a whole sentence without its full stop. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

const KEY_FAULTS: Readonly<Record<PemFault, string>> = {
  passphrase:
    'the key has a passphrase, which an edge that starts by itself cannot ask for: expected a key without one, in a file that others cannot read',
  missing: 'the file of the key has none: expected a private key as PEM text',
  damaged: 'the file of the key is damaged: expected a private key as PEM text',
};

/** Throws a `CertificateError` for what cannot be used by an edge of this host. */
export function checkCertificate({ chain, key }: KeyedChain, host: string, nowMs: number): CheckedCertificate {
  const certificates = readChain(chain);
  const [leaf] = certificates;
  checkKey(certificates, readKey(key));
  checkOrder(certificates);
  checkTime(leaf, nowMs);
  const names = namesOf(leaf);
  checkNames(leaf, host);
  checkStrength({ chain, key });
  const warnings = [...wildcardWarnings(names, host), ...chainWarnings(certificates, nowMs)];
  const [notBeforeMs, notAfterMs] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  return { chain, key, names, notBeforeMs, notAfterMs, warnings };
}

type Chain = readonly [X509Certificate, ...X509Certificate[]];

function readChain(text: string): Chain {
  const certificates = readPemCertificates(text);
  if (certificates === undefined)
    throw new CertificateError('the file of the certificate is damaged: expected a PEM chain');
  const [first, ...others] = certificates;
  if (first === undefined) throw new CertificateError('the file of the certificate has none: expected PEM text');
  return [first, ...others];
}

function readKey(text: string): KeyObject {
  const key = readPemKey(text);
  if (typeof key === 'string') throw new CertificateError(KEY_FAULTS[key]);
  return key;
}

function checkKey([leaf, ...others]: Chain, key: KeyObject): void {
  if (leaf.checkPrivateKey(key)) return;
  if (others.some((certificate) => certificate.checkPrivateKey(key)))
    throw new CertificateError("the chain is in the wrong order: expected the edge's own certificate first");
  throw new CertificateError('the key does not belong to the certificate');
}

// Each certificate is followed by that of its issuer (RFC 8446 section 4.4.2).
function checkOrder(chain: Chain): void {
  for (const [at, issuer] of chain.entries()) {
    const issued = chain[at - 1];
    if (issued === undefined || (issued.checkIssued(issuer) && issued.verify(issuer.publicKey))) continue;
    throw new CertificateError(
      `certificate ${at + 1} of the chain has not issued the one before it: expected each to be followed by that of its issuer`,
    );
  }
}

function checkTime({ validFrom, validTo }: X509Certificate, nowMs: number): void {
  if (Date.parse(validTo) <= nowMs)
    throw new CertificateError(`the certificate has expired: it was valid until ${isoDate(validTo)}`);
  if (Date.parse(validFrom) > nowMs)
    throw new CertificateError(
      `the certificate is not valid before ${isoDate(validFrom)}: look at the clock of this machine`,
    );
}

function checkNames(leaf: X509Certificate, host: string): void {
  if (isFor(leaf, host)) return;
  const names = namesOf(leaf).slice(0, 5).join(', ');
  throw new CertificateError(`the certificate is not for ${host}, but for ${names === '' ? 'no name' : names}`);
}

// What OpenSSL does not accept (a short key, a signature with SHA-1), and what no other check has found.
function checkStrength({ chain, key }: KeyedChain): void {
  try {
    createSecureContext({ cert: chain, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateError(`OpenSSL does not accept the certificate: ${reason}`, { cause: error });
  }
}

function wildcardWarnings(names: readonly string[], host: string): string[] {
  if (names.includes(`*.${host}`)) return [];
  const tunnels = names.filter((name) => name.endsWith(`.${host}`));
  const others = tunnels.length === 0 ? 'of tunnels' : `of tunnels other than ${tunnels.slice(0, 5).join(', ')}`;
  return [`the certificate is not for *.${host}: browsers refuse the pages ${others}`];
}

function chainWarnings([leaf, ...others]: Chain, nowMs: number): string[] {
  const isAlone = others.length === 0 && !leaf.checkIssued(leaf);
  const expired = others.some(({ validTo }) => Date.parse(validTo) <= nowMs);
  return [
    ...(isAlone ? ['the chain has no certificate of its issuer: not every client finds that by itself'] : []),
    ...(expired ? ['a certificate of the issuer has expired: some clients refuse the chain'] : []),
  ];
}

function isFor(leaf: X509Certificate, host: string): boolean {
  return leaf.checkHost(host, { subject: 'never' }) !== undefined;
}

function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = '']) => name.toLowerCase());
}

function isoDate(text: string): string {
  return new Date(text).toISOString();
}
