import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { identityHeaders } from '../../../../src/edge/forward/identity-headers.js';
import { targetHeaders } from '../../../../src/edge/forward/request-headers.js';
import type { VisitRequest } from '../../../../src/edge/request/visit.js';
import { headerValue, headerValues } from '../../../../src/http/fields.js';
import { isFieldValue, normalizedName } from '../../../../src/http/header-rules.js';
import { requestOf } from '../visits.js';

const IDENTITY: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'ana',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: [],
  groupsOmitted: false,
};
const base = (url: string) => readBaseAddress(url) ?? assert.fail(url);
const BASE = base('https://tunnel.test');
const ASKED = requestOf({ base: BASE, address: '203.0.113.9' });
const sent = (headers: readonly string[]): VisitRequest => ({ ...ASKED, id: 'request-id', headers });
const write = (headers: readonly string[], identity: Identity | undefined = IDENTITY) =>
  targetHeaders(sent(headers), BASE, identity === undefined ? [] : identityHeaders(identity, 'signed'));
/** The visitor's part. */
const kept = (headers: readonly string[]) => {
  const fields = write(headers);
  return fields.slice(0, fields.indexOf('x-forwarded-for'));
};

describe('the headers of a request to the target', () => {
  it('are the visitor’s, then what the edge says', () => {
    assert.deepEqual(write(['Host', 'demo.tunnel.test', 'X-B', '1', 'x-a', '2', 'X-B', '3']), [
      ...['x-b', '1', 'x-a', '2', 'x-b', '3'],
      ...['x-forwarded-for', '203.0.113.9', 'x-forwarded-host', 'demo.tunnel.test'],
      ...['x-forwarded-proto', 'https', 'x-forwarded-port', '443', 'x-request-id', 'request-id'],
      ...['x-forwarded-user', 'ana', 'x-forwarded-email', 'ana@acme.com', 'x-postern-assertion', 'signed'],
    ]);
  });

  it('name the port that visitors see, unless it is the scheme’s own', () => {
    const at = (url: string) => {
      const fields = targetHeaders(sent([]), base(url), []);
      return [headerValue(fields, 'x-forwarded-host'), headerValue(fields, 'x-forwarded-port')];
    };
    assert.deepEqual(at('https://tunnel.test:8443'), ['demo.tunnel.test:8443', '8443']);
    assert.deepEqual(at('http://tunnel.test'), ['demo.tunnel.test', '80']);
    assert.deepEqual(at('http://tunnel.test:443'), ['demo.tunnel.test:443', '443']);
  });

  it('say of nobody who it is', () => {
    const fields = targetHeaders(sent([]), BASE, []);
    for (const name of ['x-forwarded-user', 'x-forwarded-email', 'x-postern-assertion']) {
      assert.deepEqual(headerValues(fields, name), []);
    }
  });

  for (const name of [
    ...['x-forwarded-email', 'X-Forwarded-Email', 'X_Forwarded_Email', 'x.forwarded-email', 'X-FORWARDED_EMAIL'],
    ...['x-forwarded-for', 'X-Forwarded-Anything', 'Forwarded', 'X-Real-IP', 'x_real_ip', 'X-Request-Id'],
    ...['X-Postern-Assertion', 'Postern-Error', 'x-auth-request-email', 'X-Tunnel-Name', 'x~forwarded~user'],
    ...['Connection', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection', 'TE', 'Trailer', 'Transfer-Encoding'],
    ...['Upgrade', 'HTTP2-Settings', 'Expect', 'Host'],
  ]) {
    it(`lose ${name}`, () => assert.deepEqual(kept([name, 'evil', 'x-kept', '1']), ['x-kept', '1']));
  }

  it('cannot lose an identity to Connection', () => {
    const fields = write([
      ...['Connection', 'close, X-Forwarded-Email, x-postern-assertion', 'connection', 'x-hop, content-length, host'],
      ...['X-Hop', '1', 'Content-Length', '5'],
    ]);
    assert.deepEqual(fields.slice(0, 2), ['content-length', '5']);
    assert.deepEqual(headerValues(fields, 'x-forwarded-email'), ['ana@acme.com']);
    assert.deepEqual(headerValues(fields, 'x-postern-assertion'), ['signed']);
    assert.deepEqual(headerValues(fields, 'x-hop'), []);
  });

  it('lose the edge’s own cookies and no other', () => {
    const cookies = ['Cookie', 'a=1; __Host-postern-session=x; b=2', 'cookie', 'postern-nonce=y', 'Cookie', 'c=3'];
    assert.deepEqual(kept(cookies), ['cookie', 'a=1; b=2', 'cookie', 'c=3']);
  });

  it('never say twice who the visitor is, whatever the visitor says', () => {
    const name = fc.oneof(
      fc.constantFrom('x-forwarded-email', 'X_Forwarded_Email', 'X.Forwarded.Email', 'connection', 'x-other'),
      fc.string({ unit: fc.constantFrom(...'xX-_.forwaded'), minLength: 1, maxLength: 20 }),
    );
    const value = fc.constantFrom('evil@acme.com', 'x-forwarded-email', 'close');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (pairs) => {
        const fields = write(pairs.flat());
        const emails = fields.filter(
          (_, at) => at % 2 === 1 && normalizedName(fields[at - 1] as string) === 'x-forwarded-email',
        );
        assert.deepEqual(emails, ['ana@acme.com']);
      }),
    );
  });

  it('carry names of any language as ASCII, and two names never as one', () => {
    const identity = { ...IDENTITY, email: 'zoë@acme.com', username: 'šlice, a', groups: ['Ingénieurs', 'a,b', '%'] };
    const fields = write([], identity);
    assert.equal(headerValue(fields, 'x-forwarded-email'), 'zo%C3%AB@acme.com');
    assert.equal(headerValue(fields, 'x-forwarded-preferred-username'), '%C5%A1lice%2C%20a');
    assert.equal(headerValue(fields, 'x-forwarded-groups'), 'Ing%C3%A9nieurs,a%2Cb,%25');
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const said = [one, other].map((username) =>
          headerValue(write([], { ...IDENTITY, username }), 'x-forwarded-preferred-username'),
        );
        assert.ok(said.every((value) => value !== undefined && value !== '' && isFieldValue(value)));
        assert.equal(said[0] === said[1], one === other);
      }),
    );
  });
});
