/** Certificates of tests, made anew: an authority, one below it, and what it issues; single ones. Trusted by nobody else. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

interface Issuer {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

export interface IssueOptions {
  /** Relative to now; a day ago, and in ninety days. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** As files: the chain begins with the certificate of the edge. */
export interface Issued {
  readonly leaf: string;
  readonly intermediate: string;
  readonly chain: string;
  readonly key: string;
}

export class TestAuthority {
  /** PEM: what a client trusts. */
  readonly root: string;
  readonly #intermediate: Issuer;

  private constructor(root: Issuer, intermediate: Issuer) {
    this.root = root.certificate.toString('pem');
    this.#intermediate = intermediate;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...fields('CN=Test Root', {}),
      keys,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    const root = { certificate, keys };
    return new TestAuthority(
      root,
      await sign(root, 'CN=Test Intermediate', {}, [new BasicConstraintsExtension(true, 0, true)]),
    );
  }

  /** A certificate for these DNS names, with its chain and its key. */
  async issue(names: readonly string[], options: IssueOptions = {}): Promise<Issued> {
    const extensions = [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))];
    const { certificate, keys } = await sign(this.#intermediate, 'CN=edge', options, extensions);
    const leaf = `${certificate.toString('pem')}\n`;
    const intermediate = `${this.#intermediate.certificate.toString('pem')}\n`;
    return { leaf, intermediate, chain: leaf + intermediate, key: `${await pemOf(keys)}\n` };
  }
}

async function sign(issuer: Issuer, subject: string, options: IssueOptions, extensions: Extension[]): Promise<Issuer> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    ...fields(subject, options),
    subject,
    issuer: issuer.certificate.subject,
    signingKey: issuer.keys.privateKey,
    publicKey: keys.publicKey,
    extensions,
  });
  return { certificate, keys };
}

function fields(name: string, { fromMs = -DAY_MS, untilMs = 90 * DAY_MS }: IssueOptions) {
  const now = Date.now();
  return { name, signingAlgorithm: ECDSA, notBefore: new Date(now + fromMs), notAfter: new Date(now + untilMs) };
}

function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

export interface LocalCertificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly certificate: string;
}

/** A certificate for `localhost`, its own authority, as `certificate.pem` and `key.pem` in a folder: for test servers with TLS. */
export async function localCertificate(folder: string): Promise<LocalCertificate> {
  const keys = await newKeys();
  const names = new SubjectAlternativeNameExtension([
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ]);
  const extensions = [new BasicConstraintsExtension(true, undefined, true), names];
  const made = await X509CertificateGenerator.createSelfSigned({ ...fields('CN=localhost', {}), keys, extensions });
  const certificate = made.toString('pem');
  const [certificatePath, keyPath] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  writeFileSync(certificatePath, certificate);
  writeFileSync(keyPath, await pemOf(keys));
  return { certificatePath, keyPath, certificate };
}

/** A certificate for a name, PEM, that says which key issued it. Both numbers are in hexadecimal. */
export async function issuedCertificate(
  name: string,
  { serial = '1234567890', authorityKey = '00112233445566778899aabbccddeeff00112233' } = {},
): Promise<string> {
  const names = new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...fields(`CN=${name}`, {}),
    keys: await newKeys(),
    serialNumber: serial,
    extensions: [names, new AuthorityKeyIdentifierExtension(authorityKey)],
  });
  return certificate.toString('pem');
}

async function pemOf({ privateKey }: CryptoKeyPair): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}
