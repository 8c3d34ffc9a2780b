import assert from 'node:assert/strict';
import { sensitiveHeaders } from 'node:http2';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ErrorCode, PosternError } from '../../../src/errors.js';
import {
  readFields,
  readRequestHead,
  writeFields,
  writeRequestHead,
  writeResponseHead,
} from '../../../src/link/http2-headers.js';
import { GET } from './pair.js';

const isCode = (code: ErrorCode) => (error: unknown) => error instanceof PosternError && error.code === code;
const write = (...fields: string[]) => writeFields(fields, sensitiveHeaders, 'ERR_BAD_REQUEST');

describe('fields for node:http2', () => {
  it('have lower-case names, and one value or all values of a repeated name', () => {
    const headers = write(
      'X-One',
      '1',
      'Set-Cookie',
      'a',
      'x-many',
      '1',
      'set-cookie',
      'b',
      'X-MANY',
      '2',
      'x-many',
      '3',
    );
    assert.deepEqual(
      { ...headers },
      {
        'x-one': '1',
        'set-cookie': ['a', 'b'],
        'x-many': ['1', '2', '3'],
        [sensitiveHeaders]: ['set-cookie'],
      },
    );
  });

  it('keep the first value of a name that stands once, as node:http does', () => {
    const headers = write('ETag', '"a"', 'etag', '"b"', 'Content-Type', 'text/plain', 'content-type', 'text/html');
    assert.deepEqual([headers['etag'], headers['content-type']], ['"a"', 'text/plain']);
  });

  it('may be named like what every object has', () => {
    const headers = write('__proto__', '1', 'constructor', '2', 'toString', '3', '__proto__', '4');
    const expected = { ['__proto__']: ['1', '4'], constructor: '2', tostring: '3' };
    assert.deepEqual(Object.entries(headers), Object.entries(expected));
    assert.equal(Object.getPrototypeOf(headers), null);
  });

  it('mark what is secret, so that no compression state depends on it', () => {
    const headers = write('authorization', 'a', 'cookie', 'b', 'x-postern-assertion', 'c', 'accept', 'd');
    assert.deepEqual((headers as Record<symbol, unknown>)[sensitiveHeaders], [
      'authorization',
      'cookie',
      'x-postern-assertion',
    ]);
  });

  for (const value of [
    '\u0161lice@acme.com',
    '\u010d',
    '\u010a',
    'a\rb',
    'a\nb',
    'a\r\nx: y',
    '\0',
    '\x7f',
    '\ud800',
    '名',
  ]) {
    it(`refuse the value ${JSON.stringify(value)}, of which node:http2 would keep the low bytes`, () => {
      assert.throws(() => write('x-forwarded-email', value), isCode('ERR_BAD_REQUEST'));
      const head = { status: 200, headers: ['x', value] };
      assert.throws(() => writeResponseHead(head, sensitiveHeaders), isCode('ERR_TARGET_PROTOCOL'));
    });
  }

  for (const name of ['', ' ', 'a b', 'a:', ':path', ':status', 'a\n', 'ä', '\u0161']) {
    it(`refuse the name ${JSON.stringify(name)}`, () => {
      assert.throws(() => write(name, 'x'), isCode('ERR_BAD_REQUEST'));
    });
  }

  it('carry every value of Latin-1 without controls, and no other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (value) => {
        const fits = /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
        if (fits) assert.equal(write('x', value)['x'], value);
        else assert.throws(() => write('x', value), isCode('ERR_BAD_REQUEST'));
      }),
    );
  });
});

describe('a request’s head', () => {
  it('is read as it was written', () => {
    const head = { ...GET, method: 'POST', path: '/a%2Fb?\u00e9', headers: ['x-a', '1', 'x-b', '2'] };
    const headers = writeRequestHead(head, sensitiveHeaders);
    assert.deepEqual(readRequestHead(headers as never, flat(headers)), head);
    const connect = { ...head, method: 'CONNECT', protocol: 'websocket' } as const;
    const extended = writeRequestHead(connect, sensitiveHeaders);
    assert.deepEqual(readRequestHead(extended as never, flat(extended)), connect);
  });

  for (const path of ['/a b', '/a\r\nx: y', '/\u0161', '/\0']) {
    it(`with the path ${JSON.stringify(path)} is refused`, () => {
      assert.throws(() => writeRequestHead({ ...GET, path }, sensitiveHeaders), isCode('ERR_BAD_REQUEST'));
    });
  }

  const whole = { ':method': 'GET', ':path': '/', ':authority': 'a', ':scheme': 'https' };
  for (const [what, change] of [
    ['no method', { ':method': undefined }],
    ['no path', { ':path': undefined }],
    ['no authority', { ':authority': undefined }],
    ['another scheme', { ':scheme': 'file' }],
    ['CONNECT alone', { ':method': 'CONNECT' }],
    ['a protocol on GET', { ':protocol': 'websocket' }],
    ['another protocol', { ':method': 'CONNECT', ':protocol': 'connect-udp' }],
  ] as const) {
    it(`that arrives with ${what} is none`, () => {
      assert.ok(readRequestHead(whole, []));
      assert.equal(readRequestHead({ ...whole, ...change } as never, []), undefined);
    });
  }
});

describe('fields that arrive', () => {
  it('are kept in order, without pseudo-fields', () => {
    assert.deepEqual(readFields([':status', '200', 'b', '1', 'a', '2', 'b', '3', ':x', 'y', 'odd']), [
      'b',
      '1',
      'a',
      '2',
      'b',
      '3',
    ]);
  });
});

function flat(headers: object): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
}
