import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Session } from '../../../../src/auth/session/session.js';
import { type Log, type LogFields, silentLog } from '../../../../src/core/log.js';
import type { Verdict } from '../../../../src/edge/gate/gate.js';
import { AuditSink } from '../../../../src/edge/ops/audit-sink.js';
import { LogSink } from '../../../../src/edge/ops/log-sink.js';
import { Observer } from '../../../../src/edge/ops/observer.js';
import { ConnectionCache } from '../../../../src/edge/request/connection-cache.js';
import { PosternError } from '../../../../src/errors.js';
import { requestOf } from '../visits.js';

const sessionOf = (id: string) =>
  ({ id, identity: { email: `${id}@acme.com`, issuer: 'https://id.acme.com' } }) as unknown as Session;

/** A request on a connection of its own, or on one with a given cache. */
const request = (address: string, cache = new ConnectionCache()) => requestOf({ address, cache });

function allowed(session: Session | undefined, rule = '@acme.com'): Verdict {
  return { kind: 'forward', session, rule } as Verdict;
}

function denied(session: Session): Verdict {
  return { kind: 'refuse', code: 'ERR_ACCESS_DENIED', session, reason: 'no-rule' };
}

function observing(t: TestContext) {
  const audit: LogFields[] = [];
  const log: LogFields[] = [];
  const into = (list: LogFields[]): Log => {
    const write = (fields: LogFields) => void list.push(fields);
    return { ...silentLog, info: write, warn: write };
  };
  t.mock.timers.enable({ apis: ['setInterval'] });
  const observer = new Observer([new LogSink(into(log)), new AuditSink(into(audit))]);
  t.after(() => observer.close());
  return { observer, audit, log, minute: () => t.mock.timers.tick(60_000) };
}

describe('the audit record', () => {
  it('of refused offers grows by one line a minute for an address, whatever its number of attempts', (t) => {
    const { observer, audit, minute } = observing(t);
    for (let at = 0; at < 500; at++) {
      observer.emit({
        kind: 'offer-refused',
        offer: request('203.0.113.1'),
        error: new PosternError('ERR_TOKEN_INVALID', `attempt ${at}`),
      });
    }
    assert.deepEqual([audit.length, audit[0]?.['detail'], audit[0]?.['code']], [1, 'attempt 0', 'ERR_TOKEN_INVALID']);
    assert.match(String(audit[0]?.['requestId']), /^[0-9a-f-]{36}$/);
    minute();
    assert.deepEqual(audit.slice(1), [
      { event: 'offer-refused', address: '203.0.113.1', code: 'ERR_TOKEN_INVALID', count: 499 },
    ]);
    minute();
    assert.equal(audit.length, 2);
  });

  it('of failed sign-ins counts a network of IPv6 as one address', (t) => {
    const { observer, audit, minute } = observing(t);
    for (let at = 0; at < 500; at++) {
      observer.emit({
        kind: 'sign-in-failed',
        visit: request(`2001:db8::${at.toString(16)}`),
        error: new PosternError('ERR_RATE_LIMITED'),
      });
    }
    minute();
    assert.deepEqual(
      audit.map(({ count }) => count),
      [undefined, 499],
    );
  });

  it('of denials is kept for each session, host and reason', (t) => {
    const { observer, audit, minute } = observing(t);
    for (let at = 0; at < 50; at++) {
      observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: denied(sessionOf('eve')) });
      observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: denied(sessionOf('mal')) });
    }
    minute();
    assert.deepEqual(
      audit.map(({ event, email, host, count }) => [event, email, host, count]),
      [
        ['deny', 'eve@acme.com', 'demo.localhost', undefined],
        ['deny', 'mal@acme.com', 'demo.localhost', undefined],
        ['deny', 'eve@acme.com', 'demo.localhost', 49],
        ['deny', 'mal@acme.com', 'demo.localhost', 49],
      ],
    );
  });

  it('of admissions has one line for each session and rule, on any connection', (t) => {
    const { observer, audit } = observing(t);
    const [ana, bob] = [sessionOf('ana'), sessionOf('bob')];
    const cache = new ConnectionCache();
    for (let at = 0; at < 3; at++) {
      observer.emit({ kind: 'decided', visit: request('203.0.113.1', cache), verdict: allowed(ana) });
      observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: allowed(ana) });
      observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: allowed(bob) });
    }
    observer.emit({ kind: 'decided', visit: request('203.0.113.1', cache), verdict: allowed(ana, 'ana@acme.com') });
    assert.deepEqual(
      audit.map(({ event, session, rule }) => [event, session, rule]),
      [
        ['allow', 'ana', '@acme.com'],
        ['allow', 'bob', '@acme.com'],
        ['allow', 'ana', 'ana@acme.com'],
      ],
    );
  });

  it('names the issuer of the identity', (t) => {
    const { observer, audit } = observing(t);
    const ana = sessionOf('ana');
    observer.emit({ kind: 'signed-in', visit: request('203.0.113.1'), session: ana });
    observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: allowed(ana) });
    observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: denied(ana) });
    observer.emit({ kind: 'signed-out', visit: request('203.0.113.1'), session: ana });
    assert.deepEqual(
      audit.map(({ event, email, issuer }) => [event, email, issuer]),
      ['sign-in', 'allow', 'deny', 'sign-out'].map((event) => [event, 'ana@acme.com', 'https://id.acme.com']),
    );
  });

  it('loses no sign-in, and no session that is let in, in a flood of refusals', (t) => {
    const { observer, audit } = observing(t);
    for (let at = 0; at < 5_000; at++) {
      observer.emit({
        kind: 'sign-in-failed',
        visit: request(`10.0.${at >> 8}.${at & 255}`),
        error: new PosternError('ERR_LOGIN_FAILED'),
      });
    }
    const before = audit.length;
    assert.equal(before, 256);
    for (let at = 0; at < 300; at++) {
      const session = { ...sessionOf(`s${at}`), identity: { email: 'a@acme.com' } } as Session;
      observer.emit({ kind: 'signed-in', visit: request('203.0.113.1'), session: session });
      observer.emit({ kind: 'decided', visit: request('203.0.113.1'), verdict: allowed(session) });
      observer.emit({ kind: 'signed-out', visit: request('203.0.113.1'), session: session });
    }
    assert.equal(audit.length - before, 900);
  });

  it('of a public tunnel has one line for a network, not for each of its addresses', (t) => {
    const { observer, audit } = observing(t);
    for (let at = 0; at < 100; at++)
      observer.emit({
        kind: 'decided',
        visit: request(`2001:db8::${at.toString(16)}`),
        verdict: allowed(undefined, 'public'),
      });
    assert.equal(audit.length, 1);
  });

  it('is whole when the edge is closed', (t) => {
    const { observer, audit } = observing(t);
    for (let at = 0; at < 7; at++)
      observer.emit({
        kind: 'offer-refused',
        offer: request('203.0.113.1'),
        error: new PosternError('ERR_TOKEN_INVALID'),
      });
    observer.close();
    assert.equal(audit.at(-1)?.['count'], 6);
  });
});

describe('the log', () => {
  it('reports refused streams and links, like any exceeded budget', (t) => {
    const { observer, log } = observing(t);
    const busy = new PosternError('ERR_TUNNEL_BUSY');
    observer.emit({ kind: 'visit-failed', visit: request('203.0.113.1'), error: busy });
    observer.emit({ kind: 'visit-failed', visit: request('203.0.113.1'), error: busy });
    observer.emit({ kind: 'visit-failed', visit: request('203.0.113.1'), error: new PosternError('ERR_LINK_LOST') });
    observer.emit({ kind: 'offer-refused', offer: request('203.0.113.2'), error: new PosternError('ERR_EDGE_FULL') });
    assert.deepEqual(
      log.filter(({ event }) => event === 'over-budget'),
      [
        { event: 'over-budget', address: '203.0.113.1', budget: 'streams' },
        { event: 'over-budget', address: '203.0.113.2', budget: 'links' },
      ],
    );
  });

  it('reports who exceeded a budget, once and then once a minute', (t) => {
    const { observer, log, minute } = observing(t);
    for (let at = 0; at < 20; at++)
      observer.emit({ kind: 'over-budget', budget: 'waiting requests', address: '203.0.113.1' });
    minute();
    const fields = { event: 'over-budget', address: '203.0.113.1', budget: 'waiting requests' };
    assert.deepEqual(log, [fields, { ...fields, count: 19 }]);
  });
});
