/**
 * The grammar of HTTP/1.1 at the door. What is not HTTP is refused before anybody else reads it; bodies end
 * where their framing says, expectations are the edge's to meet, and what stands around a body is bounded.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { Transcript } from '../../support/transcript.js';
import { rawExchange } from '../../support/visitor.js';
import { readResponse } from '../../support/wire.js';

describe('the grammar of HTTP/1.1', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
  let lines: string;

  before(async () => {
    lines = `Host: ${new URL(world.url).host}\r\nCookie: ${ana.jar.header(new URL(world.url))}\r\n`;
  });

  const exchange = (bytes: string) => rawExchange(world.port, bytes);
  const statuses = (answers: string) => [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, text]) => Number(text));

  const START_LINES = [
    'GET /\xc3\xa9 HTTP/1.1',
    'GET / HTTP/3.0',
    'GET / HTTP/2.0',
    'GET / HTTP/0.9',
    'GET / HTTP/1.2',
    'GET / HTTP/1',
    'GET / HTTP/1.',
    'GET / HTTP/11.1',
    'GET / http/1.1',
    'GET / HTTPS/1.1',
    'GET / ICE/1.0',
    'GET /',
    'GET\t/ HTTP/1.1',
    'GET x HTTP/1.1',
    'GET /a b HTTP/1.1',
    'GET /\0 HTTP/1.1',
    'GET /\x7f HTTP/1.1',
    ' GET / HTTP/1.1',
    'PRI * HTTP/2.0',
    'HTTP/1.1 200 OK',
    '\x16\x03\x01\x02\x00\x01\x00',
  ];
  for (const line of START_LINES) {
    test(`G2 refuses the start line ${JSON.stringify(line)}`, () =>
      isRefused(`${line}\r\n${lines}Connection: close\r\n\r\n`));
  }

  // RFC 9110 section 15.6.2: a method that nobody here knows, however it is spelt.
  for (const line of ['FOO / HTTP/1.1', 'get / HTTP/1.1']) {
    test(`G2 refuses the method of ${JSON.stringify(line)}`, () =>
      isRefused(`${line}\r\n${lines}Connection: close\r\n\r\n`, [501, ['ERR_METHOD_UNKNOWN']]));
  }

  const FIELDS = [
    'X : y',
    'X\t: y',
    ' X: y',
    'X: a\0b',
    'X: a\x01',
    'X: a\x7f',
    'X\xff: y',
    'X\0: y',
    'X(: y',
    'X y',
    ': y',
    'X: a\r b',
    'X: a\r\n folded',
    'X: a\r\n\tfolded',
    'Content-Length:',
    'Content-Length: 1, 2',
    'Content-Length: 1;2',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 4',
  ];
  for (const line of FIELDS) {
    test(`G2 refuses the header line ${JSON.stringify(line)}`, () =>
      isRefused(`POST / HTTP/1.1\r\n${lines}Connection: close\r\n${line}\r\n\r\n`));
  }

  async function isRefused(bytes: string, expected: [number, string[]] = [400, ['ERR_BAD_REQUEST']]): Promise<void> {
    await world.target.forget();
    const answers = await exchange(bytes);
    const response = readResponse(answers);
    assert.deepEqual([response.status, response.values('postern-error')], expected);
    assert.deepEqual(response.values('cache-control'), ['no-store']);
    assert.equal(statuses(answers).length, 1);
    assert.deepEqual(await world.target.seen(), []);
  }

  const ENDINGS: readonly (readonly [what: string, change: (text: string) => string])[] = [
    ['LF instead of CR LF', (text) => text.replaceAll('\r\n', '\n')],
    ['LF behind the start line', (text) => text.replace('\r\n', '\n')],
    ['LF behind a header', (text) => text.replace('\r\nCookie', '\nCookie')],
    ['CR instead of CR LF', (text) => text.replace('\r\nCookie', '\rCookie')],
    ['no Host', (text) => text.replace(/Host: [^\r]*\r\n/, '')],
    ['an empty Host', (text) => text.replace(/Host: [^\r]*/, 'Host:')],
    ['Host twice', (text) => text.replace(/Host: [^\r]*\r\n/, '$&$&')],
    ['two hosts', (text) => text.replace(/Host: [^\r]*\r\n/, '$&Host: evil.example\r\n')],
  ];
  for (const [what, change] of ENDINGS) {
    test(`G3 ${what} is 400`, () => isRefused(change(`GET /x HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`)));
  }

  // After h1spec: what a conforming reader takes, and what it does not. `\n` stands for CR LF.
  const CONFORMING: readonly (readonly [what: string, head: string, body: string, status: number])[] = [
    ['a plain request', 'GET /x HTTP/1.1', '', 200],
    ['an empty line in front', '\r\nGET /x HTTP/1.1', '', 200],
    ['a blank too many in the start line', 'GET  /x HTTP/1.1', '', 200],
    ['another blank too many there', 'GET /x  HTTP/1.1', '', 200],
    ['a query alone', 'GET /? HTTP/1.1', '', 200],
    ['a header without a value', 'GET /x HTTP/1.1\r\nX-Empty:', '', 200],
    ['a header value without a space in front', 'GET /x HTTP/1.1\r\nX-Near:value', '', 200],
    ['blanks around a value', 'GET /x HTTP/1.1\r\nX-Far: \t value \t', '', 200],
    ['bytes above ASCII in a value', 'GET /x HTTP/1.1\r\nX-High: \xe9\xff', '', 200],
    ['every sign of a token in a name', "GET /x HTTP/1.1\r\nX!#$%&'*+-.^_`|~9: 1", '', 200],
    ['a body by length', 'POST /x HTTP/1.1\r\nContent-Length: 4', 'body', 200],
    ['a length with zeros in front', 'POST /x HTTP/1.1\r\nContent-Length: 0004', 'body', 200],
    ['a length of nothing', 'POST /x HTTP/1.1\r\nContent-Length: 0', '', 200],
    ['a body in chunks', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4\r\nbody\r\n0\r\n\r\n', 200],
    [
      'a chunk size in capitals and zeros',
      'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked',
      '00A\r\n0123456789\r\n0\r\n\r\n',
      200,
    ],
    ['a chunk extension', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4;a="b"\r\nbody\r\n0\r\n\r\n', 200],
    ['trailers', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n', 200],
    ['a body of GET', 'GET /x HTTP/1.1\r\nContent-Length: 4', 'body', 200],
    ['a length twice', 'POST /x HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4', 'body', 400],
    ['two lengths', 'POST /x HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5', 'body', 400],
    ['a negative length', 'POST /x HTTP/1.1\r\nContent-Length: -4', 'body', 400],
    ['a length that is no number', 'POST /x HTTP/1.1\r\nContent-Length: four', 'body', 400],
    ['a length past all numbers', 'POST /x HTTP/1.1\r\nContent-Length: 18446744073709551616', 'body', 400],
    ['length and chunks', 'POST /x HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked', '0\r\n\r\n', 400],
    ['chunks that are not last', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked, gzip', '0\r\n\r\n', 400],
    ['another coding', 'POST /x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked', '0\r\n\r\n', 400],
    ['a chunk size that is no number', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', 'x\r\nbody\r\n0\r\n\r\n', 400],
    ['a chunk size past all numbers', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '10000000000000000\r\n', 400],
    ['a chunk longer than its size', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '2\r\nbody\r\n0\r\n\r\n', 400],
    ['a chunk that ends in LF', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4\r\nbody\n0\r\n\r\n', 400],
    ['a chunk size that ends in LF', 'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4\nbody\r\n0\r\n\r\n', 400],
  ];
  for (const [what, head, body, status] of CONFORMING) {
    test(`G3 ${what} is ${status}, whole or in pieces of one byte`, async () => {
      const bytes = `${head}\r\n${lines}Connection: close\r\n\r\n${body}`;
      assert.deepEqual(statuses(await exchange(bytes)), [status]);
      assert.deepEqual(statuses(await inPieces(bytes)), [status]);
    });
  }
  async function inPieces(bytes: string): Promise<string> {
    const socket = connect(world.port, '127.0.0.1').setNoDelay(true);
    const response = new Transcript(socket);
    await once(socket, 'connect');
    socket.on('error', () => {}); // an edge that has refused reads no further
    for (const byte of Buffer.from(bytes, 'latin1')) {
      if (!socket.write(Uint8Array.of(byte)) || response.text !== '') await new Promise(setImmediate);
    }
    await response.ended;
    return response.text;
  }

  test('G6 a body has exactly one framing towards the app, whatever the method', async () => {
    const framings: readonly (readonly [head: string, body: string, heard: readonly (string | undefined)[]])[] = [
      ['POST /x HTTP/1.1\r\nContent-Length: 4', 'body', ['4', undefined]],
      ['POST /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4\r\nbody\r\n0\r\n\r\n', [undefined, 'chunked']],
      ['GET /x HTTP/1.1\r\nContent-Length: 4', 'body', ['4', undefined]],
      ['GET /x HTTP/1.1\r\nTransfer-Encoding: chunked', '4\r\nbody\r\n0\r\n\r\n', [undefined, 'chunked']],
      ['DELETE /x HTTP/1.1\r\nContent-Length: 4', 'body', ['4', undefined]],
      ['POST /x HTTP/1.1', '', ['0', undefined]],
      ['GET /x HTTP/1.1', '', [undefined, undefined]],
    ];
    for (const [head, body, heard] of framings) {
      const text = await exchange(`${head}\r\n${lines}Connection: close\r\n\r\n${body}`);
      const echo = JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '{}') as Echo;
      const framing = ['content-length', 'transfer-encoding'].map((name) => headerValues(echo.rawHeaders, name)[0]);
      assert.deepEqual([framing, echo.bodyBytes], [heard, body === '' ? 0 : 4], head);
    }
  });

  test('G6 a body that ends before its length is no request to the app, and spoils no later one', async () => {
    for (const cut of ['Content-Length: 9\r\n\r\nbody', 'Transfer-Encoding: chunked\r\n\r\n9\r\nbody']) {
      const socket = connect(world.port, '127.0.0.1');
      socket.write(`POST /upload?short HTTP/1.1\r\n${lines}${cut}`);
      await world.target.event('request', '/upload?short');
      socket.destroy();
      await world.target.event('aborted', '/upload?short');
      assert.equal((await ana.fetch(`${world.url}/bytes?n=3`)).bytes.length, 3);
      await world.target.forget();
    }
  });

  test('G7 an expectation is never met for a stranger, whose body is not read as a request', async () => {
    const [host = ''] = lines.split('\r\n');
    const behind = `GET /behind-expect HTTP/1.1\r\n${lines}\r\n`;
    for (const more of ['', 'Accept: text/html\r\n']) {
      const head = `POST /upload HTTP/1.1\r\n${host}\r\n${more}Content-Length: ${behind.length}\r\nExpect: 100-continue\r\n\r\n`;
      assert.deepEqual(statuses(await exchange(head + behind)), [401]);
    }
    const navigation = `GET / HTTP/1.1\r\n${host}\r\nAccept: text/html\r\nContent-Length: ${behind.length}\r\nExpect: 100-continue\r\n\r\n`;
    assert.deepEqual(statuses(await exchange(navigation + behind)), [302]);
    assert.ok(!(await world.target.seen()).some(({ url }) => url === '/behind-expect'));
  });

  test('G7 an expectation that nobody can meet is 417, and the body behind it no request', async () => {
    const behind = `GET /behind-expect HTTP/1.1\r\n${lines}\r\n`;
    for (const expected of ['x', '100-continue, x', '200-ok', '']) {
      const head = `POST /upload HTTP/1.1\r\n${lines}Content-Length: ${behind.length}\r\nExpect: ${expected}\r\nConnection: close\r\n\r\n`;
      const [first, ...others] = statuses(await exchange(head + behind));
      assert.ok(first === 417 || (expected === '' && first === 200), `${expected} got ${first}`);
      assert.deepEqual(others, []);
    }
    assert.ok(!(await world.target.seen()).some(({ url }) => url === '/behind-expect'));
  });

  test('G7 a body that is sent before it is asked for is the body', async () => {
    const head = `POST /upload HTTP/1.1\r\n${lines}Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    const text = await exchange(`${head}body`);
    assert.deepEqual(statuses(text), [100, 200]);
    assert.match(text, /"bodyBytes":4/);
  });

  test('G8 the body of a refused request is never the next request', async () => {
    const [host = ''] = lines.split('\r\n');
    const behind = `GET /behind-refused HTTP/1.1\r\n${lines}\r\n`;
    const framed = [
      `Content-Length: ${behind.length}\r\n\r\n${behind}`,
      `Transfer-Encoding: chunked\r\n\r\n${behind.length.toString(16)}\r\n${behind}\r\n0\r\n\r\n`,
    ];
    for (const head of [
      `POST / HTTP/1.1\r\n${host}\r\n`,
      `GET / HTTP/1.1\r\n${host}\r\nAccept: text/html\r\n`,
      `POST /.postern/x HTTP/1.1\r\n${lines}`,
      `POST / HTTP/1.1\r\nHost: nobody.example\r\n`,
    ]) {
      for (const body of framed) {
        const all = statuses(
          await exchange(`${head}${body}${`GET /x HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`}`),
        );
        assert.ok(all.length === 1 || (all.length === 2 && all[1] === 401), `${head}: ${all}`);
      }
    }
    assert.ok(!(await world.target.seen()).some(({ url }) => url === '/behind-refused'));
  });

  test('G8 a refused visitor who pauses in the middle of a body is hung up on', async () => {
    const [host = ''] = lines.split('\r\n');
    const text = await exchange(`POST / HTTP/1.1\r\n${host}\r\nContent-Length: 1000\r\n\r\nonly a part`);
    assert.deepEqual(statuses(text), [401]);
  });

  test('G9 a chunk extension without end is refused, and of short ones nothing is kept', async () => {
    const head = `POST /upload HTTP/1.1\r\n${lines}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
    const endless = await exchange(`${head}1;${'e'.repeat(1_000_000)}\r\nx\r\n0\r\n\r\n`);
    assert.deepEqual(statuses(endless), [400]);
    const many = await exchange(`${head}${`1;${'e'.repeat(10_000)}\r\nx\r\n`.repeat(1_000)}0\r\n\r\n`);
    assert.deepEqual(statuses(many), [200]);
    assert.match(many, /"bodyBytes":1000,/);
  });

  test('G9 trailers bring no identity, no cookie, no framing and no host', async () => {
    const evil = [
      'X-Forwarded-Email: evil',
      'x_forwarded_user: evil',
      'Cookie: evil=1',
      'Authorization: evil',
      'Host: evil',
      'Content-Length: 9',
      'Transfer-Encoding: chunked',
      'X-Postern-Assertion: evil',
      'Content-Type: evil',
      'Connection: evil',
    ];
    const body = `4\r\nbody\r\n0\r\n${[...evil, 'X-Sum: kept'].join('\r\n')}\r\n\r\n`;
    const text = await exchange(
      `POST /upload HTTP/1.1\r\n${lines}Transfer-Encoding: chunked\r\nTrailer: X-Forwarded-Email\r\nConnection: close\r\n\r\n${body}`,
    );
    if (statuses(text)[0] === 200) {
      const { rawTrailers } = JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '{}') as Echo;
      assert.deepEqual(
        rawTrailers.map((word) => word.toLowerCase()),
        ['x-sum', 'kept'],
      );
    }
    assert.equal(/evil/.test(text), false);
    const large = `4\r\nbody\r\n0\r\n${`X-Sum: ${'v'.repeat(1_000)}\r\n`.repeat(1_000)}\r\n`;
    const refused = await exchange(`POST /upload HTTP/1.1\r\n${lines}Transfer-Encoding: chunked\r\n\r\n${large}`);
    assert.doesNotMatch(refused, /^HTTP\/1\.1 200 /);
  });
});
