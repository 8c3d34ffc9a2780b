/** Certificates and private keys as PEM text (RFC 7468), among which other text may be. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]*-----END (?:[A-Z]+ )?PRIVATE KEY-----/;
const WITH_PASSPHRASE = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** Why a text has no private key that can be used: there is none, it has a passphrase, or it cannot be read. */
export type PemFault = 'missing' | 'passphrase' | 'damaged';

/** The first private key of a text. */
export function readPemKey(text: string): KeyObject | PemFault {
  if (WITH_PASSPHRASE.test(text)) return 'passphrase';
  const [pem] = KEY.exec(text) ?? [];
  if (pem === undefined) return 'missing';
  try {
    return createPrivateKey(pem);
  } catch {
    return 'damaged';
  }
}

/** The certificates of a text, in its order; undefined when one cannot be read. */
export function readPemCertificates(text: string): X509Certificate[] | undefined {
  try {
    return (text.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
  } catch {
    return undefined;
  }
}
