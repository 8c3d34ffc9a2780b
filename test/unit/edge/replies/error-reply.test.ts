/** The replies that report an error, as values: which form each client gets, and what it may learn from it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorReply } from '../../../../src/edge/replies/error-reply.js';
import type { HeaderLookup } from '../../../../src/edge/request/visit.js';
import { type ErrorCode, PosternError } from '../../../../src/errors.js';
import { BASE, requestOf } from '../visits.js';

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const STREAM = { accept: 'text/event-stream' };

const replyTo = (header: HeaderLookup, code: ErrorCode, details = {}, method = 'GET') =>
  errorReply(BASE, requestOf({ header, method }), new PosternError(code), details);

describe('an error', () => {
  for (const [who, header, type] of [
    ['a person', PAGE, 'text/html; charset=utf-8'],
    ['a program', {}, 'application/json; charset=utf-8'],
    ['a script that accepts HTML', { ...PAGE, 'sec-fetch-mode': 'cors' }, 'application/json; charset=utf-8'],
    ['an event source', STREAM, 'text/event-stream'],
  ] as const) {
    it(`reaches ${who} as ${type}, with its code and never cached`, () => {
      const { headers, error } = replyTo(header, 'ERR_TARGET_REFUSED');
      assert.deepEqual(
        [headers['Content-Type'], headers['Cache-Control'], headers['X-Content-Type-Options'], error],
        [type, 'no-store', 'nosniff', 'ERR_TARGET_REFUSED'],
      );
    });
  }

  for (const [code, status] of [
    ['ERR_TARGET_REFUSED', 200],
    ['ERR_TUNNEL_OFFLINE', 200],
    ['ERR_LOGIN_REQUIRED', 401],
    ['ERR_ACCESS_DENIED', 403],
  ] as const) {
    it(`${code} has status ${status} for an event source, which gives up on any other than 200`, () => {
      assert.equal(replyTo(STREAM, code).status, status);
    });
  }

  for (const [code, name, value] of [
    ['ERR_TUNNEL_OFFLINE', 'Retry-After', '2'],
    ['ERR_RATE_LIMITED', 'Retry-After', '60'],
    ['ERR_METHOD_REFUSED', 'Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
    ['ERR_PROTOCOL_VERSION', 'Sec-WebSocket-Version', '13'],
    ['ERR_LOGIN_REQUIRED', 'WWW-Authenticate', 'Postern'],
  ] as const) {
    it(`${code} carries ${name}`, () => assert.equal(replyTo({}, code).headers[name], value));
  }

  it('names the login URL in JSON and in the challenge, where no character can end the quoted string', () => {
    const loginUrl = 'http://demo.localhost/.postern/session?rd="\\';
    const { headers, body } = replyTo({}, 'ERR_LOGIN_REQUIRED', { loginUrl });
    assert.equal(
      headers['WWW-Authenticate'],
      String.raw`Postern login_url="http://demo.localhost/.postern/session?rd=\"\\"`,
    );
    assert.equal((JSON.parse(body) as { login_url: string }).login_url, loginUrl);
  });

  for (const [what, origin, isAllowed] of [
    ['a sibling tunnel', 'http://other.localhost', true],
    ['the base host', 'http://localhost', true],
    ['another port', 'http://other.localhost:81', false],
    ['another scheme', 'https://other.localhost', false],
    ['another site', 'http://evil.test', false],
    ['a sandbox', 'null', false],
  ] as const) {
    it(`may ${isAllowed ? '' : 'not '}be read by a script of ${what}`, () => {
      const { headers } = replyTo({ origin }, 'ERR_TUNNEL_OFFLINE');
      assert.equal(headers['Access-Control-Allow-Origin'], isAllowed ? origin : undefined);
    });
  }

  it('on a page names the account, which no other origin may read', () => {
    const { headers, body } = replyTo({ ...PAGE, origin: 'http://other.localhost' }, 'ERR_ACCESS_DENIED', {
      account: 'ana@acme.com',
    });
    assert.match(body, /ana@acme\.com/);
    assert.equal(headers['Access-Control-Allow-Origin'], undefined);
  });

  it('makes a page ask again where the fault may pass, but sends no form again', () => {
    assert.match(replyTo(PAGE, 'ERR_TUNNEL_OFFLINE').body, /http-equiv="refresh"/);
    assert.doesNotMatch(replyTo(PAGE, 'ERR_TUNNEL_OFFLINE', {}, 'POST').body, /http-equiv="refresh"/);
    assert.doesNotMatch(replyTo(PAGE, 'ERR_ACCESS_DENIED').body, /http-equiv="refresh"/);
  });
});
