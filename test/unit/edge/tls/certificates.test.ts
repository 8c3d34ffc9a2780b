import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { checkCertificate } from '../../../../src/edge/tls/certificate-check.js';
import { Certificates } from '../../../../src/edge/tls/certificates.js';
import { isEnding } from '../../../../src/edge/tls/expiry.js';
import { msToNextTicketKey, TICKET_PERIOD_MS, ticketKeyAt } from '../../../../src/edge/tls/ticket-keys.js';
import { type Issued, TestAuthority } from '../../../support/edge-certificates.js';

const SECRETS = ['a secret of thirty-two bytes or more'];
const DAY_MS = 86_400_000;

describe('the keys of session tickets', () => {
  const at = 1_000 * TICKET_PERIOD_MS;

  it('are the same on each node of a secret, and for twelve hours', () => {
    const key = ticketKeyAt(SECRETS, at);
    assert.equal(key.length, 48);
    assert.deepEqual(ticketKeyAt(SECRETS, at + TICKET_PERIOD_MS - 1), key);
    assert.notDeepEqual(ticketKeyAt(SECRETS, at + TICKET_PERIOD_MS), key);
    assert.notDeepEqual(ticketKeyAt(['another secret of thirty-two bytes'], at), key);
  });

  it('are of the newest secret', () => {
    assert.deepEqual(ticketKeyAt([...SECRETS, 'an older secret of thirty-two bytes'], at), ticketKeyAt(SECRETS, at));
  });

  it('are replaced when their time is over', () => {
    assert.equal(msToNextTicketKey(at), TICKET_PERIOD_MS);
    assert.equal(msToNextTicketKey(at + TICKET_PERIOD_MS - 1), 1);
  });
});

describe('the certificates of an edge', () => {
  let wide: Issued;
  let single: Issued;

  before(async () => {
    const authority = await TestAuthority.create();
    wide = await authority.issue(['tunnel.test', '*.tunnel.test']);
    single = await authority.issue(['tunnel.test', 'demo.tunnel.test']);
  });

  it('are chosen by the name that a client asks for, else the first', (t) => {
    const certificates = new Certificates({ secrets: SECRETS });
    t.after(() => certificates.close());
    assert.equal(certificates.contextFor('tunnel.test'), undefined);
    certificates.use('wide', checkCertificate(wide, 'tunnel.test', Date.now()));
    const byDefault = certificates.contextFor(undefined);
    assert.ok(byDefault);
    certificates.use('demo', { ...checkCertificate(single, 'tunnel.test', Date.now()), names: ['demo.tunnel.test'] });
    for (const name of [
      'tunnel.test',
      'shop.tunnel.test',
      'Tunnel.Test',
      'a.b.tunnel.test',
      'other.test',
      '',
      '127.0.0.1',
    ])
      assert.equal(certificates.contextFor(name), byDefault, name);
    assert.notEqual(certificates.contextFor('demo.tunnel.test'), byDefault);
    assert.deepEqual(
      certificates.states.map(({ names }) => names),
      [['tunnel.test', '*.tunnel.test'], ['demo.tunnel.test']],
    );
  });

  it('are replaced by what comes with the same id', (t) => {
    const certificates = new Certificates({ secrets: SECRETS });
    t.after(() => certificates.close());
    certificates.use('files', checkCertificate(wide, 'tunnel.test', Date.now()));
    const before = certificates.contextFor('tunnel.test');
    certificates.use('files', checkCertificate(single, 'tunnel.test', Date.now()));
    assert.notEqual(certificates.contextFor('tunnel.test'), before);
    assert.equal(certificates.states.length, 1);
  });

  it('are forgotten once they have ended and another is used, but for the default', () => {
    let now = Date.now();
    const clocked = new Certificates({ secrets: ['a secret of at least thirty-two bytes, for tests'], now: () => now });
    const checked = checkCertificate(single, 'tunnel.test', now);
    for (const id of ['default', 'gone']) clocked.use(id, { ...checked, notAfterMs: now + DAY_MS });
    now += 2 * DAY_MS;
    clocked.use('new', checked);
    assert.deepEqual(
      clocked.states.map(({ id }) => id),
      ['default', 'new'],
    );
    clocked.close();
  });

  it('are about to end in the last quarter of their life, or three weeks before', () => {
    const ends = (days: number, leftDays: number) =>
      isEnding({ notBeforeMs: 0, notAfterMs: days * DAY_MS }, (days - leftDays) * DAY_MS);
    assert.deepEqual([ends(90, 23), ends(90, 20)], [false, true]);
    assert.deepEqual([ends(365, 22), ends(365, 20)], [false, true]);
    assert.deepEqual([ends(6, 2), ends(6, 1)], [false, true]);
  });
});
