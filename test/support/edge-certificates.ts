/** Certificates for edges of tests, made anew: an authority, one below it, and what it issues. Trusted by nobody else. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
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
    const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return { leaf, intermediate, chain: leaf + intermediate, key: `${key}\n` };
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
