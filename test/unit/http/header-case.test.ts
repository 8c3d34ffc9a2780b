import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { describe, test } from 'node:test';
import { usualCase } from '../../../src/http/header-case.js';

describe('the usual spelling of field names', () => {
  const NAMES = [
    ...['Content-Type', 'Content-Length', 'Host', 'Set-Cookie', 'ETag', 'TE', 'DNT', 'WWW-Authenticate', 'Content-MD5'],
    ...['Sec-WebSocket-Accept', 'Sec-WebSocket-Key', 'Sec-CH-UA', 'Sec-CH-UA-Mobile', 'Sec-GPC', 'X-XSS-Protection'],
    ...['X-DNS-Prefetch-Control', 'X-UA-Compatible', 'X-Forwarded-For', 'X-Request-Id', 'Last-Event-ID', 'SourceMap'],
    ...['SOAPAction', 'MIME-Version', 'X-HTTP-Method-Override', 'A-IM', 'CDN-Cache-Control', 'DPoP', 'NEL', 'P3P'],
    ...['X-GitHub-Event', 'X-Hub-Signature-256', 'Stripe-Signature', 'X-CSRF-Token', 'X-XSRF-TOKEN', 'Accept-CH'],
    ...['OData-Version', 'OData-MaxVersion', 'If-None-Match', 'Access-Control-Allow-Origin', 'HTTP2-Settings'],
  ];
  for (const name of NAMES) test(name, () => assert.equal(usualCase(name.toLowerCase()), name));

  test('changes nothing but the case of letters, whatever the name', () => {
    for (const name of ['', '-', '--a', 'x_y-z', "a!#$%&'*+-.^_`|~0", '1a', METHODS.join('-').toLowerCase()]) {
      for (let round = 0; round < 2; round += 1) assert.equal(usualCase(name).toLowerCase(), name);
    }
  });
});
