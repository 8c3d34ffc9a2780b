import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { CertificateError, checkCertificate } from '../../../../src/edge/tls/certificate-check.js';
import { type Issued, TestAuthority } from '../../../support/edge-certificates.js';

const HOST = 'tunnel.acme.test';
const DAY_MS = 86_400_000;

describe('a certificate from files', () => {
  let authority: TestAuthority;
  let good: Issued;
  let other: Issued;

  before(async () => {
    authority = await TestAuthority.create();
    good = await authority.issue([HOST, `*.${HOST}`]);
    other = await authority.issue([HOST, `*.${HOST}`]);
  });

  const check = ({ chain, key }: { chain: string; key: string }) => checkCertificate({ chain, key }, HOST, Date.now());
  const refuses = (files: { chain: string; key: string }, sentence: RegExp) =>
    assert.throws(
      () => check(files),
      (error) => error instanceof CertificateError && sentence.test(error.message) && !error.message.includes('\n'),
    );

  it('that is for the base host and every tunnel is used, without a warning', () => {
    const { names, notAfterMs, notBeforeMs, warnings } = check(good);
    assert.deepEqual([names, warnings], [[HOST, `*.${HOST}`], []]);
    assert.ok(notBeforeMs < Date.now() && notAfterMs > Date.now() + 89 * DAY_MS);
  });

  it('is refused with the key of another one', () =>
    refuses({ ...good, key: other.key }, /does not belong to the cert/));
  it('is refused behind that of its issuer', () =>
    refuses({ ...good, chain: good.intermediate + good.leaf }, /wrong order/));
  it('is refused with a chain in the wrong order', async () => {
    const own = await authority.issue([HOST]);
    refuses({ key: good.key, chain: own.leaf + good.leaf }, /wrong order/);
    refuses({ key: good.key, chain: good.leaf + other.leaf }, /certificate 2 of the chain has not issued/);
  });
  it('is refused when it has expired, or is not valid yet', async () => {
    refuses(
      await authority.issue([HOST], { fromMs: -9 * DAY_MS, untilMs: -DAY_MS }),
      /has expired: it was valid until 2/,
    );
    refuses(await authority.issue([HOST], { fromMs: DAY_MS }), /is not valid before 2.*clock/);
  });
  it('is refused for another host, whose name is told', async () => {
    refuses(await authority.issue(['www.acme.test']), /is not for tunnel.acme.test, but for www.acme.test/);
    refuses(await authority.issue([`*.${HOST}`]), /is not for tunnel.acme.test, but for \*\.tunnel/);
  });
  it('is refused with a key that has a passphrase', () => {
    const type = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' } as const;
    refuses({ ...good, key: String(createPrivateKey(good.key).export(type)) }, /has a passphrase/);
    refuses(
      { ...good, key: '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nAAAA\n-----END RSA PRIVATE KEY-----' },
      /has a passphrase/,
    );
  });
  for (const text of ['', 'nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
    it(`is refused when the file holds ${JSON.stringify(text.slice(0, 20))}`, () => {
      refuses({ ...good, chain: text }, /file of the certificate/);
      refuses({ ...good, key: text.replaceAll('CERTIFICATE', 'PRIVATE KEY') }, /file of the key/);
    });
  }
  it('is used with a warning when it leaves out tunnels, or its issuer', async () => {
    assert.match(check(await authority.issue([HOST])).warnings.join(), /not for \*\.tunnel.*pages of tunnels/);
    const single = await authority.issue([HOST, `demo.${HOST}`]);
    assert.match(check(single).warnings.join(), /other than demo\.tunnel/);
    assert.match(check({ ...good, chain: good.leaf }).warnings.join(), /no certificate of its issuer/);
  });
});
