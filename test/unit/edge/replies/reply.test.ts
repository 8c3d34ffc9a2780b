import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonReply, preflightReply, redirect, scriptReply } from '../../../../src/edge/replies/reply.js';

describe('a reply', () => {
  it('is never cached unless it says so itself', () => {
    assert.equal(jsonReply({}).headers['Cache-Control'], 'no-store');
    const cached = scriptReply('', { 'Cache-Control': 'public, max-age=300' });
    assert.equal(cached.headers['Cache-Control'], 'public, max-age=300');
  });

  it('that redirects leaves no referrer, and sets cookies only where there are some', () => {
    const { status, headers, body } = redirect('/oauth2/start');
    assert.deepEqual([status, headers['Location'], body], [302, '/oauth2/start', '']);
    assert.equal(headers['Referrer-Policy'], 'no-referrer');
    assert.equal('Set-Cookie' in headers, false);
    assert.deepEqual(redirect('/', ['a=b']).headers['Set-Cookie'], ['a=b']);
  });

  it('to a preflight repeats what was asked for, and no header names where none were', () => {
    const origin = 'https://web.acme.com';
    const asked = { origin, 'access-control-request-method': 'PUT' };
    const { status, headers } = preflightReply({ header: asked });
    assert.deepEqual(
      [status, headers['Access-Control-Allow-Origin'], headers['Access-Control-Allow-Methods']],
      [204, origin, 'PUT'],
    );
    assert.equal('Access-Control-Allow-Headers' in headers, false);
    const named = preflightReply({ header: { ...asked, 'access-control-request-headers': 'x-a' } });
    assert.equal(named.headers['Access-Control-Allow-Headers'], 'x-a');
  });
});
