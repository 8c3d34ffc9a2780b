/** A certificate for `localhost`, made anew and trusted by nobody else: what test servers with TLS present. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface LocalCertificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly certificate: string;
}

/** Writes `certificate.pem` and `key.pem` into a folder. The certificate is its own authority. */
export async function localCertificate(folder: string): Promise<LocalCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const now = Date.now();
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  const certificate = made.toString('pem');
  const [certificatePath, keyPath] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  writeFileSync(certificatePath, certificate);
  writeFileSync(keyPath, key);
  return { certificatePath, keyPath, certificate };
}

/** A certificate for a name, PEM, that says which key issued it. Nobody trusts it. Both numbers are in hexadecimal. */
export async function issuedCertificate(
  name: string,
  { serial = '1234567890', authorityKey = '00112233445566778899aabbccddeeff00112233' } = {},
): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    serialNumber: serial,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      new AuthorityKeyIdentifierExtension(authorityKey),
    ],
  });
  return certificate.toString('pem');
}
