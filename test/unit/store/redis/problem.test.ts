/** What an error of the client or of Node means for the operator, and whether waiting mends it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openingProblemOf, problemOf } from '../../../../src/store/redis/problem.js';

const UNTRUSTED = /certificate that is not trusted/;

describe('the problem of an error', () => {
  for (const [message, fields, isPermanent, text] of [
    ['getaddrinfo ENOTFOUND redis.pembroke.example', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }, false, /ENOTFOUND/],
    ['connect ENOENT /run/tempemail/redis.sock', { code: 'ENOENT', syscall: 'connect' }, false, /\(ENOENT\)$/],
    ['connect EACCES /run/CERT_/self-signed', { code: 'EACCES', syscall: 'connect' }, false, /\(EACCES\)$/],
    ['connect ETIMEDOUT', { code: 'ETIMEDOUT', syscall: 'connect' }, false, /respond in time$/],
    ['', { code: 'ECONNREFUSED' }, false, /\(ECONNREFUSED\)$/],
    ['self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, true, UNTRUSTED],
    ['unable to verify the first certificate', { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, true, UNTRUSTED],
    ['unable to get local issuer certificate', {}, true, UNTRUSTED],
    ['certificate has expired', { code: 'CERT_HAS_EXPIRED' }, true, UNTRUSTED],
    ['error:0480006C:PEM routines::no start line', { code: 'ERR_OSSL_PEM_NO_START_LINE' }, true, UNTRUSTED],
    ['no match: self-signed.example', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, true, /for another name$/],
    ['SSL routines:ssl3_get_record:wrong version number', { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, true, /speak TLS/],
    ['write EPROTO 00:SSL routines::wrong version number', { code: 'EPROTO', syscall: 'write' }, true, /speak TLS/],
    ['alert', { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }, true, /certificate of its clients/],
    ['WRONGPASS invalid username-password pair', {}, true, /user or the password$/],
    ['ERR DB index is out of range', {}, true, /no database of that number$/],
    ["OOM command not allowed when used memory > 'maxmemory'.", {}, false, /no memory left$/],
    ['Command timed out', {}, false, /respond in time$/],
  ] as const) {
    it(`${message} ${JSON.stringify(fields)}`, () => {
      const problem = problemOf(Object.assign(new Error(message), fields));
      assert.match(problem.text, text);
      assert.equal(problem.isPermanent, isPermanent);
    });
  }
});

it('a connection that is closed at once may be one for others, as far as the URL says', () => {
  const reset = Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET', syscall: 'write' });
  const files = { ca: undefined, cert: '/c.pem', key: '/k.pem' };
  assert.match(openingProblemOf(reset, undefined).text, /may expect TLS/);
  assert.match(openingProblemOf(reset, { ...files, cert: undefined }).text, /may demand a certificate of its clients/);
  assert.match(openingProblemOf(reset, files).text, /at once$/);
});
