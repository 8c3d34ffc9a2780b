import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerHeaders } from '../../../src/edge/answer-headers.js';

const GATED = { host: 'demo.tunnel.test', isGated: true, cookie: undefined };
const OPEN = { ...GATED, isGated: false };

describe('the headers of an answer', () => {
  it('pass in order, with their case and their repetitions', () => {
    const headers = ['X-B', '1', 'x-a', '2', 'X-b', '3', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2'];
    assert.deepEqual(answerHeaders(headers, OPEN), headers);
  });

  for (const name of [
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ]) {
    it(`lose ${name}, which ends at this hop`, () => {
      assert.deepEqual(answerHeaders([name, 'x', 'X-Kept', 'y'], OPEN), ['X-Kept', 'y']);
    });
  }

  it('lose what Connection names, but neither framing nor routing', () => {
    const headers = ['Connection', 'X-Hop, content-length', 'x-hop', '1', 'Content-Length', '2', 'X-Kept', '3'];
    assert.deepEqual(answerHeaders(headers, OPEN), ['Content-Length', '2', 'X-Kept', '3']);
  });

  for (const name of ['postern-error', 'Postern-Error', 'POSTERN-URL', 'postern-anything']) {
    it(`lose ${name}, which only the edge may say`, () => {
      assert.deepEqual(answerHeaders([name, 'x'], OPEN), []);
    });
  }

  it('keep what is reserved only towards the target', () => {
    const headers = ['X-Request-Id', 'own', 'X-Forwarded-For', 'own'];
    assert.deepEqual(answerHeaders(headers, OPEN), headers);
  });

  for (const [cookie, passes] of [
    ['a=1', true],
    ['a=1; Domain=demo.tunnel.test', true],
    ['a=1; domain=.Demo.Tunnel.Test', true],
    ['a=1; Domain=sub.demo.tunnel.test', true],
    ['a=1; Domain=', true],
    ['a=postern-session', true],
    ['a=1; Path=/; X=Domain=tunnel.test', true],
    ['a=1; Domain=tunnel.test', false],
    ['a=1; Domain=.tunnel.test', false],
    ['a=1; Domain=test', false],
    ['a=1; Domain=other.tunnel.test', false],
    ['a=1; Domain=xdemo.tunnel.test', false],
    ['a=1; DOMAIN = tunnel.test ', false],
    ['a=1; Domain=demo.tunnel.test; Domain=tunnel.test', false],
    ['__Host-postern-session=x', false],
    ['postern-session=x', false],
    ['=postern-session=x', false],
    [' postern-nonce = x', false],
    ['__HOST-POSTERN-SIGNIN-x=y', false],
    ['postern-session', false],
  ] as const) {
    it(`${passes ? 'keep' : 'lose'} the cookie ${JSON.stringify(cookie)}`, () => {
      assert.deepEqual(answerHeaders(['Set-Cookie', cookie], OPEN), passes ? ['Set-Cookie', cookie] : []);
    });
  }

  it('end with the edge’s own cookie', () => {
    const fields = answerHeaders(['Set-Cookie', 'a=1'], { ...OPEN, cookie: '__Host-postern-session=x' });
    assert.deepEqual(fields, ['Set-Cookie', 'a=1', 'Set-Cookie', '__Host-postern-session=x']);
  });

  for (const [values, isPrivate] of [
    [[], true],
    [['no-cache'], true],
    [['max-age=60'], true],
    [['xpublic'], true],
    [['public'], false],
    [['max-age=60,Public'], false],
    [['S-MAXAGE=1'], false],
    [['no-store'], false],
    [['private="x"'], false],
    [['max-age=1', 'private'], false],
  ] as const) {
    it(`are ${isPrivate ? 'made' : 'not made'} private by ${JSON.stringify(values)}, and never where nobody signs in`, () => {
      const headers = values.flatMap((value) => ['Cache-Control', value]);
      assert.deepEqual(answerHeaders(headers, OPEN), headers);
      assert.deepEqual(answerHeaders(headers, GATED), isPrivate ? [...headers, 'Cache-Control', 'private'] : headers);
    });
  }
});
