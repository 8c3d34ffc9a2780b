import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Session } from '../../../../src/auth/session/session.js';
import { DemoLimits, VIEWER_STAYS_MS } from '../../../../src/edge/gate/demo-limits.js';
import { requestOf, type Written } from '../visits.js';

const NOW_MS = 1_790_000_000_000;
const FULL = 'ERR_TUNNEL_FULL';

function visitorOf(name: string): { readonly rule: string; readonly session: Session } {
  const identity = { issuer: 'https://id.acme.com', subject: name, email: `${name}@acme.com` };
  return { rule: '@acme.com', session: { identity } as Session };
}
const ANYBODY = { rule: 'public', session: undefined };

describe('the limits of a demo', () => {
  it('have room for so many accounts, on however many sessions, and for one more when somebody has left', () => {
    const limits = new DemoLimits();
    const ask = (name: string, atMs: number) =>
      limits.exceeded('shop', { viewers: 2 }, visitorOf(name), requestOf(), NOW_MS + atMs);
    assert.deepEqual(
      [ask('ana', 0), ask('bob', 1), ask('ana', 2), ask('eve', 3)],
      [undefined, undefined, undefined, FULL],
    );
    // An open request of bob is judged again; ana was seen at 2.
    assert.equal(ask('bob', 50_000), undefined);
    assert.equal(ask('eve', 2 + VIEWER_STAYS_MS), FULL);
    assert.equal(ask('eve', 3 + VIEWER_STAYS_MS), undefined);
    assert.deepEqual([ask('ana', 4 + VIEWER_STAYS_MS), ask('bob', 5 + VIEWER_STAYS_MS)], [FULL, undefined]);
    assert.equal(limits.exceeded('api', { viewers: 1 }, visitorOf('ana'), requestOf(), NOW_MS), undefined);
  });

  it('count people who are anonymous by network', () => {
    const limits = new DemoLimits();
    const ask = (address: string) => limits.exceeded('shop', { viewers: 2 }, ANYBODY, requestOf({ address }), NOW_MS);
    assert.deepEqual(
      [ask('198.51.100.1'), ask('2001:db8::1'), ask('2001:db8::2'), ask('198.51.100.2')],
      [undefined, undefined, undefined, FULL],
    );
  });

  it('have room for the owner and for machines, who take no place', () => {
    const limits = new DemoLimits();
    const owner = { ...visitorOf('dev'), rule: 'owner' };
    const machines = ['access-token:ci', 'public-path:/x', 'preflight'].map((rule) => ({ rule, session: undefined }));
    for (const visitor of [owner, ...machines, visitorOf('ana'), owner, ...machines])
      assert.equal(limits.exceeded('shop', { viewers: 1 }, visitor, requestOf(), NOW_MS), undefined, visitor.rule);
    assert.equal(limits.exceeded('shop', { viewers: 1 }, ANYBODY, requestOf(), NOW_MS), FULL);
  });

  it('of a read-only tunnel leave GET, HEAD and OPTIONS', () => {
    const limits = new DemoLimits();
    const ask = (written: Written) =>
      limits.exceeded('shop', { readOnly: true }, visitorOf('ana'), requestOf(written), NOW_MS);
    for (const method of ['GET', 'HEAD', 'OPTIONS']) assert.equal(ask({ method }), undefined);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'get'])
      assert.equal(ask({ method }), 'ERR_READ_ONLY', method);
    assert.equal(ask({ header: { upgrade: 'websocket' } }), 'ERR_READ_ONLY');
    // An app that honours such a header would change something.
    for (const name of ['x-http-method-override', 'X_HTTP_Method', 'x-original-url'])
      assert.equal(ask({ header: { [name]: 'DELETE' } }), 'ERR_READ_ONLY', name);
  });
});
