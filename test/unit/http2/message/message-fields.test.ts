/** Which lists of fields are messages: RFC 9113 sections 8.1 to 8.3 and 8.5, RFC 8441 section 4. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { HpackDecoder } from '../../../../src/http2/hpack/decoder.js';
import { HpackEncoder } from '../../../../src/http2/hpack/encoder.js';
import {
  FieldCache,
  type FieldClassifier,
  MalformedFields,
  RECEIVED,
} from '../../../../src/http2/message/field-classifier.js';
import * as lists from '../../../../src/http2/message/message-fields.js';
import { UNKNOWN_LENGTH } from '../../../../src/http2/message/regular-fields.js';

const judge: FieldClassifier = new FieldCache(new Set(['cookie']));
const checkRequest = (fields: readonly string[]) => lists.checkRequest(fields, judge);
const checkResponse = (fields: readonly string[]) => lists.checkResponse(fields, judge);
const checkTrailers = (fields: readonly string[]) => lists.checkTrailers(fields, judge);

/** Whether a list that arrives, with these octets, is the message that `check` wants. */
function arrives(
  fields: readonly string[],
  check: (fields: readonly string[], judge: FieldClassifier) => unknown,
): boolean {
  const decoder = new HpackDecoder({ tableSizeBytes: 4_096, maxListBytes: 100_000, maxFields: 1_000 });
  const encoder = new HpackEncoder();
  for (let time = 0; time < 3; time++) {
    const list = decoder.decode(Buffer.from(encoder.encode(fields)));
    assert.deepEqual(list, fields);
    try {
      check(list, RECEIVED);
    } catch (error) {
      assert.ok(error instanceof MalformedFields);
      return false;
    }
    if (!decoder.isWellFormed) return false;
  }
  return true;
}

const isOctets = (fields: readonly string[]) => fields.length % 2 === 0 && !/[^\0-\xff]/.test(fields.join(''));

const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'demo.localhost', ':path', '/'];
const CONNECT = [':method', 'CONNECT', ':authority', 'demo.localhost:443'];
const WEBSOCKET = [':method', 'CONNECT', ':protocol', 'websocket', ...GET.slice(2)];

const without = (name: string, fields = GET) => fields.filter((_, at) => fields[at - (at % 2)] !== name);
const replaced = (name: string, value: string) => [...without(name), name, value];

describe('a request', () => {
  const good: readonly (readonly [what: string, fields: readonly string[]])[] = [
    ['in its simplest form', GET],
    ['without :authority', without(':authority')],
    ['of an unknown method', replaced(':method', 'FOO-bar')],
    ['for *', replaced(':path', '*')],
    ['with bytes past ASCII in its path', replaced(':path', '/caf\u00e9?a=%2F#')],
    ['with host as :authority says', [...GET, 'host', 'DEMO.localhost']],
    ['that takes trailers', [...GET, 'te', 'trailers']],
    ['with an empty value', [...GET, 'x-empty', '']],
    ['with obsolete text in a value', [...GET, 'x-name', 'Zo\u00eb \u00ff']],
    ['with spaces and tabs inside a value', [...GET, 'x-name', 'a \t b']],
    ['with cookies apart', [...GET, 'cookie', 'a=1', 'cookie', 'b=2']],
    ['to connect', CONNECT],
    ['to connect, extended', WEBSOCKET],
  ];
  for (const [what, fields] of good) {
    test(`${what} is taken`, () => {
      assert.equal(checkRequest(fields), UNKNOWN_LENGTH);
      assert.ok(arrives(fields, lists.checkRequest));
    });
  }

  const bad: readonly (readonly [what: string, fields: readonly string[]])[] = [
    ['without anything', []],
    ['without :method', without(':method')],
    ['without :scheme', without(':scheme')],
    ['without :path', without(':path')],
    ['with an empty :path', replaced(':path', '')],
    ['with a :path that is no path', replaced(':path', 'evil')],
    ['with a space in :path', replaced(':path', '/a b')],
    ['with a control in :path', replaced(':path', '/a\r\nx: y')],
    ['with a space in :method', replaced(':method', 'GET /')],
    ['with an empty :method', replaced(':method', '')],
    ['with a colon in :scheme', replaced(':scheme', 'http:')],
    ['with userinfo', replaced(':authority', 'demo@evil')],
    ['with an empty :authority', replaced(':authority', '')],
    ['with :method twice', [':method', 'GET', ...GET]],
    ['with :status', [...GET, ':status', '200']],
    ['with an unknown pseudo-field', [':test', 'ok', ...GET]],
    ['with a pseudo-field after others', ['x-first', '1', ...GET]],
    ['with a pseudo-field at the end', [...without(':path'), 'x-first', '1', ':path', '/']],
    ['with an upper-case name', [...GET, 'X-Test', 'ok']],
    ['with an empty name', [...GET, '', 'ok']],
    ['with a space in a name', [...GET, 'x test', 'ok']],
    ['with a colon in a name', [...GET, 'x:test', 'ok']],
    ['with a name past ASCII', [...GET, 'x-\u00e9', 'ok']],
    ['with NUL in a value', [...GET, 'x-test', 'a\0b']],
    ['with CR in a value', [...GET, 'x-test', 'a\rb']],
    ['with LF in a value', [...GET, 'x-test', 'a\nb']],
    ['with a code unit that is no byte', [...GET, 'x-test', '\u0161lice@example.com']],
    ['with a space before a value', [...GET, 'x-test', ' a']],
    ['with a space after a value', [...GET, 'x-test', 'a ']],
    ['with a value of one tab', [...GET, 'x-test', '\t']],
    ['with a name and no value', [...GET, 'x-test']],
    ['with connection', [...GET, 'connection', 'close']],
    ['with keep-alive', [...GET, 'keep-alive', '1']],
    ['with proxy-connection', [...GET, 'proxy-connection', 'keep-alive']],
    ['with transfer-encoding', [...GET, 'transfer-encoding', 'chunked']],
    ['with upgrade', [...GET, 'upgrade', 'h2c']],
    ['with te other than trailers', [...GET, 'te', 'trailers, gzip']],
    ['with two hosts', [...GET, 'host', 'demo.localhost', 'host', 'demo.localhost']],
    ['with another host', [...GET, 'host', 'evil.localhost']],
    ['with two lengths', [...GET, 'content-length', '1', 'content-length', '2']],
    ['with one length twice', [...GET, 'content-length', '1', 'content-length', '1']],
    ['with a list of lengths', [...GET, 'content-length', '1, 1']],
    ['with a negative length', [...GET, 'content-length', '-1']],
    ['with a signed length', [...GET, 'content-length', '+1']],
    ['with a hexadecimal length', [...GET, 'content-length', '0x1']],
    ['with a length past all numbers', [...GET, 'content-length', '9'.repeat(16)]],
    ['to connect with :path', [...CONNECT, ':path', '/']],
    ['to connect with :scheme', [...CONNECT, ':scheme', 'https']],
    ['to connect without :authority', [':method', 'CONNECT']],
    ['with :protocol for another method', [':protocol', 'websocket', ...GET]],
    ['to connect, extended, without :path', without(':path', WEBSOCKET)],
    ['to connect, extended, without :authority', without(':authority', WEBSOCKET)],
  ];
  for (const [what, fields] of bad) {
    test(`${what} is malformed`, () => {
      assert.throws(() => checkRequest(fields), MalformedFields);
      if (isOctets(fields)) assert.equal(arrives(fields, lists.checkRequest), false);
    });
  }

  test('gives the length of its content', () => {
    assert.equal(checkRequest([...GET, 'content-length', '0']), 0);
    assert.equal(checkRequest([...GET, 'content-length', '123456789012345']), 123_456_789_012_345);
  });

  test('is validated the same however many names were invented before', () => {
    for (let at = 0; at < 3_000; at++) checkRequest([...GET, `x-name-${at}`, '1']);
    assert.throws(() => checkRequest([...GET, 'X-Late', '1']), MalformedFields);
    assert.throws(() => checkRequest([...GET, 'upgrade', '1']), MalformedFields);
  });
});

describe('a response', () => {
  for (const status of ['100', '103', '200', '204', '418', '599']) {
    test(`of ${status} is taken`, () => {
      assert.equal(checkResponse([':status', status, 'server', 'nginx']), -1);
    });
  }

  const bad: readonly (readonly [what: string, fields: readonly string[]])[] = [
    ['without anything', []],
    ['without :status', ['server', 'nginx']],
    ['with :status twice', [':status', '200', ':status', '200']],
    ['with :status last', ['server', 'nginx', ':status', '200']],
    ['with :path', [':status', '200', ':path', '/']],
    ['with a pseudo-field after others', [':status', '200', 'server', 'nginx', ':status', '200']],
    ['with connection', [':status', '200', 'connection', 'close']],
    ...['000', '099', '101', '600', '1000', '20', '2 0', '+20', '', '200 OK', '2e2'].map(
      (status) => [`of ${status}`, [':status', status]] as const,
    ),
  ];
  for (const [what, fields] of bad) {
    test(`${what} is malformed`, () => {
      assert.throws(() => checkResponse(fields), MalformedFields);
      if (isOctets(fields)) assert.equal(arrives(fields, lists.checkResponse), false);
    });
  }
});

describe('trailers', () => {
  test('are fields', () => checkTrailers(['x-checksum', 'abc', 'server-timing', 'db;dur=1']));
  test('may be none', () => checkTrailers([]));
  test('have no pseudo-fields', () => assert.throws(() => checkTrailers([':status', '200']), MalformedFields));
  test('have no fields of a connection', () => assert.throws(() => checkTrailers(['te', 'gzip']), MalformedFields));
});

describe('a value', () => {
  test('is judged whenever it is another than the last of its name', () => {
    for (const name of ['x-again', 'cookie', 'te', 'a'.repeat(100)]) {
      for (const value of ['trailers', 'trailers', 'a\r\nb', 'trailers', ' a', 'trailers', '\u0161', 'trailers']) {
        const check = () => checkRequest([...GET, name, value]);
        if (value === 'trailers') assert.equal(check(), UNKNOWN_LENGTH);
        else assert.throws(check, MalformedFields);
      }
    }
  });
});

describe('a cache of fields', () => {
  const kept = new Set(['cookie']);

  test('keeps a bounded number of names, and those of ordinary traffic after any others', () => {
    const cache = new FieldCache(kept);
    for (let at = 0; at < 3_000; at++) {
      cache.classify(`x-name-${at}`, '1');
      assert.ok(cache.size <= 128);
    }
    cache.classify('x-late', '1');
    const before = cache.size;
    cache.classify('x-late', '2');
    assert.equal(cache.size, before, 'it was kept');
    cache.classify('n'.repeat(65), '1');
    assert.equal(cache.size, before, 'a long name is not');
  });

  test('validates a value once while it stays the same, and never keeps a secret or a long one', (t) => {
    const cache = new FieldCache(kept);
    const spy = t.mock.method(RegExp.prototype, 'test');
    const looks = (name: string, value: string) => {
      cache.classify(name, value);
      const before = spy.mock.callCount();
      cache.classify(name, value);
      return spy.mock.callCount() - before;
    };
    assert.deepEqual([looks('accept', '*/*'), looks(':path', '/'), looks('x-long', 'v'.repeat(1_024))], [0, 0, 0]);
    assert.deepEqual([looks('cookie', 'a=1'), looks('x-long', 'v'.repeat(1_025))], [1, 1]);
  });
});
