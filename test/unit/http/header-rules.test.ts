import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldValue, headerValue, headerValues } from '../../../src/http/fields.js';
import {
  connectionOptions,
  encodeFieldText,
  filterTrailers,
  isFieldName,
  isFieldValue,
  isHopByHop,
  isReserved,
  normalizedName,
} from '../../../src/http/header-rules.js';

const RESERVED: readonly string[] = [
  'X-Forwarded-Email',
  'x-forwarded-email',
  'X_Forwarded_Email',
  'x_forwarded-email',
  'X.Forwarded.Email',
  'X-FORWARDED_EMAIL',
  'x~forwarded!email',
  'X-Forwarded-User',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Uri',
  'X-Forwarded-Anything-Yet',
  'X-Forwarded',
  'X_Forwarded',
  'Forwarded',
  'X-Real-IP',
  'X_Real_Ip',
  'X-Request-Id',
  'x_request.id',
  'X-Postern-Assertion',
  'X_Postern_Assertion',
  'Postern-Error',
  'postern_url',
  'X-Auth-Request-Email',
  'X_Auth_Request_User',
  'X-Tunnel-Owner',
];

const NOT_RESERVED: readonly string[] = [
  'Authorization',
  'Cookie',
  'Host',
  'Origin',
  'Via',
  'X-Forward',
  'Xforwarded-Email',
  'My-X-Forwarded-Email',
  'X-Requested-With',
  'X-Realm',
  'X-Auth-Token',
  '__proto__',
  'constructor',
];

describe('reserved names', () => {
  for (const name of RESERVED) it(`${name} is ours to give`, () => assert.equal(isReserved(name), true));
  for (const name of NOT_RESERVED) it(`${name} belongs to the visitor`, () => assert.equal(isReserved(name), false));

  it('all spellings of a name have one normalized form', () => {
    const sign = fc.constantFrom('-', '_', '.');
    fc.assert(
      fc.property(
        fc.tuple(sign, sign),
        fc.array(fc.boolean(), { minLength: 17, maxLength: 17 }),
        ([one, two], upper) => {
          const letters = [...`x${one}forwarded${two}email`];
          const spelling = letters.map((letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join('');
          assert.equal(normalizedName(spelling), 'x-forwarded-email');
          assert.equal(isReserved(spelling), true);
        },
      ),
    );
  });
});

describe('headerValues', () => {
  const headers = ['Host', 'a', 'X-Mixed', '1', 'x-mixed', '2', 'X-MIXED', '', '__proto__', 'x'];

  it('gives every line of a name, in order, whatever its case', () => {
    assert.deepEqual(headerValues(headers, 'x-mixed'), ['1', '2', '']);
    assert.equal(headerValue(headers, 'x-mixed'), '1');
    assert.deepEqual(headerValues(headers, '__proto__'), ['x']);
  });

  it('gives nothing for an absent name, and does not match values', () => {
    assert.deepEqual(headerValues(headers, 'constructor'), []);
    assert.deepEqual(headerValues(['a', 'host', 'b', 'c'], 'host'), []);
    assert.equal(headerValue([], 'host'), undefined);
  });
});

describe('fieldValue', () => {
  it('gives the first value of exactly this name, and does not match values', () => {
    const fields = ['b', 'a', 'a', '1', 'a', '2', 'c', ''];
    assert.equal(fieldValue(fields, 'a'), '1');
    assert.equal(fieldValue(fields, 'c'), '');
    for (const name of ['A', '1', '', 'constructor']) assert.equal(fieldValue(fields, name), undefined);
  });
});

describe('connectionOptions', () => {
  it('reads every Connection line, in any case', () => {
    const headers = ['Connection', 'close, X-Forwarded-Email', 'CONNECTION', 'Cookie , ,x-forwarded-PROTO'];
    assert.deepEqual([...connectionOptions(headers)].filter(Boolean).sort(), [
      'close',
      'cookie',
      'x-forwarded-email',
      'x-forwarded-proto',
    ]);
  });

  it('never lets a line remove Host or Content-Length', () => {
    const options = connectionOptions(['connection', 'Host, content-LENGTH, x']);
    assert.deepEqual([...options], ['x']);
  });

  it('is empty without such a line', () => assert.equal(connectionOptions(['host', 'a']).size, 0));
});

describe('hop-by-hop names', () => {
  for (const name of [
    'connection',
    'keep-alive',
    'proxy-authorization',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ]) {
    it(`${name} ends at this hop`, () => assert.equal(isHopByHop(name), true));
  }
  for (const name of ['authorization', 'cookie', 'content-length', 'host', 'te2', 'constructor']) {
    it(`${name} is forwarded`, () => assert.equal(isHopByHop(name), false));
  }
});

describe('filterTrailers', () => {
  it('drops what could frame, route or authenticate, and every reserved name', () => {
    const trailers = ['X-Checksum', 'abc', 'Cookie', 'a=1', 'X_Forwarded_Email', 'evil@x', 'Content-Length', '9'];
    trailers.push(
      'Transfer-Encoding',
      'chunked',
      'Authorization',
      'Basic x',
      ':status',
      '200',
      'Server-Timing',
      'x;dur=1',
    );
    assert.deepEqual(filterTrailers(trailers), ['X-Checksum', 'abc', 'Server-Timing', 'x;dur=1']);
  });

  it('drops a name without a value', () => assert.deepEqual(filterTrailers(['x-a', '1', 'x-b']), ['x-a', '1']));
});

describe('field grammar', () => {
  for (const name of ['a', 'X-A', "!#$%&'*+-.^_`|~9"]) it(`${name} is a name`, () => assert.ok(isFieldName(name)));
  for (const name of ['', ' ', 'a b', 'a:', ':path', 'a\r', 'a\n', 'a\0', 'é', 'a\u0161', '\u212aey']) {
    it(`${JSON.stringify(name)} is no name`, () => assert.equal(isFieldName(name), false));
  }

  for (const value of ['', 'a', 'a\tb', 'caf\u00e9', '\u0080\u00ff']) {
    it(`${JSON.stringify(value)} is a value`, () => assert.ok(isFieldValue(value)));
  }
  // The last four keep only their low byte in some encoders: "a", CR, LF and NUL.
  for (const value of ['a\rb', 'a\nb', 'a\0', 'a\n', '\u007f', '\u0161lice', '\u010d', '\u010a', '\u0100']) {
    it(`${JSON.stringify(value)} is no value`, () => assert.equal(isFieldValue(value), false));
  }
});

describe('encodeFieldText', () => {
  const ROWS: readonly (readonly [string, string])[] = [
    ['alice@example.com', 'alice@example.com'],
    ['šlice@example.com', '%C5%A1lice@example.com'],
    ['Zoë', 'Zo%C3%AB'],
    ['名', '%E5%90%8D'],
    ['😀', '%F0%9F%98%80'],
    ['a,b', 'a%2Cb'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['a\r\nb', 'a%0D%0Ab'],
    ['a\0\x7f', 'a%00%7F'],
    ['č\u010a', '%C4%8D%C4%8A'],
    ['', ''],
  ];
  for (const [text, encoded] of ROWS) {
    it(`carries ${JSON.stringify(text)} as ${encoded}`, () => assert.equal(encodeFieldText(text), encoded));
  }

  it('throws on a lone surrogate', () => {
    assert.throws(() => encodeFieldText('a\ud800b'), URIError);
    assert.throws(() => encodeFieldText('\udc00'), URIError);
  });

  it('is reversible, visible ASCII, and holds no comma', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const encoded = encodeFieldText(text);
        assert.match(encoded, /^[\x21-\x2b\x2d-\x7e]*$/);
        assert.equal(decodeURIComponent(encoded), text);
      }),
    );
  });
});
