/**
 * Threats G: two readers never see two requests where one was sent: what is framed in more than one way is refused, what is
 * forwarded is framed anew, and bytes that are no request neither reach the target nor harm the edge. Raw sockets.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { Transcript } from '../../support/transcript.js';
import { rawExchange } from '../../support/visitor.js';

/** Next to a `Content-Length`, each either refuses the request or is not a `Transfer-Encoding` to anybody. */
const CODINGS = [
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: chunked ',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  ' Transfer-Encoding: chunked',
  '\tTransfer-Encoding: chunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: \x0cchunked',
  'Transfer-Encoding: \x00chunked',
  'Transfer-Encoding: \xa0chunked',
  'Transfer-Encoding: chunked\xff',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunkedx',
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding\r\n: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\nX: y',
  'X: y\nTransfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\r\n\r Transfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
  'Transfer.Encoding: chunked',
  'Transfer Encoding: chunked',
  'Transfer-Encoding\x00: chunked',
  'X-Transfer-Encoding: chunked',
  'Content-Encoding: chunked',
  'TE: chunked',
  'Connection: Transfer-Encoding',
  'Connection: Content-Length',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
];

const LENGTHS = [
  'Content-Length: +5',
  'Content-Length: -5',
  'Content-Length: 0x5',
  'Content-Length: 5e0',
  'Content-Length: 5.0',
  'Content-Length: 5 5',
  'Content-Length: 5, 5',
  'Content-Length: 5,6',
  'Content-Length: "5"',
  'Content-Length: five',
  'Content-Length: 99999999999999999999',
  'Content-Length: 5\r\nContent-Length: 5',
  'Content-Length: 5\r\nContent-Length: 6',
  'Content-Length: 0\r\nContent-Length: 5',
  'Content-Length : 5',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, identity',
];

const CHUNKS = [
  '5\r\nhelloX',
  '-5\r\nhello\r\n',
  '0x5\r\nhello\r\n',
  'zz\r\n',
  '5 \x00\r\nhello\r\n',
  'fffffffffffffffff\r\n',
];

// Connections at once: enough to be quick, too few to disturb the other tests of the machine.
const BATCH = 16;

/** A line with one byte put in at each place where a parser decides something. */
function mutations(byte: string): string[] {
  return [
    `${byte}Transfer-Encoding: chunked`,
    `Transfer${byte}Encoding: chunked`,
    `Transfer-Encoding${byte}: chunked`,
    `Transfer-Encoding:${byte}chunked`,
    `Transfer-Encoding: chunked${byte}`,
    `Transfer-Encoding: chun${byte}ked`,
    `Transfer-Encoding: chunked,${byte}`,
  ];
}

describe('a request with two readings', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let start: (line: string) => string;

  before(async () => {
    const cookie = ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
    start = (line) => `${line}\r\nHost: ${new URL(world.url).host}\r\nCookie: ${cookie}\r\n`;
  });

  const smuggled = () => `${start('GET /smuggled HTTP/1.1')}\r\n`;
  const assertNotSmuggled = async () => {
    assert.equal((await ana.fetch(`${world.url}/bytes?n=1`)).status, 200);
    const urls = (await world.target.seen()).map(({ url }) => url);
    assert.ok(!urls.some((url) => url.startsWith('/smuggled')), urls.join('\n'));
  };

  for (const coding of CODINGS) {
    test(`G1 is one or none: ${JSON.stringify(coding)}`, async () => {
      const body = `0\r\n\r\n${smuggled()}`;
      const head = `${start('POST /upload HTTP/1.1')}Content-Length: ${body.length}\r\n${coding}\r\n\r\n`;
      // What follows closes the connection, so that the exchange ends for those that are read as one request too.
      const answers = await rawExchange(world.ports.edge, `${head}${body}\x01\r\n\r\n`);
      assert.match(answers, /^HTTP\/1\.1 (?:200|400|405) /);
      assert.equal(answers.match(/HTTP\/1\.1 200 /g)?.length ?? 0, answers.startsWith('HTTP/1.1 200 ') ? 1 : 0);
      await assertNotSmuggled();
    });
  }

  test('G1 is one or none for every byte at every place of a Transfer-Encoding line', async () => {
    const body = `0\r\n\r\n${smuggled()}`;
    const begin = `${start('POST /upload HTTP/1.1')}Content-Length: ${body.length}\r\n`;
    const lines = Array.from({ length: 256 }, (_, code) => mutations(String.fromCharCode(code))).flat();
    for (let at = 0; at < lines.length; at += BATCH) {
      await Promise.all(
        lines.slice(at, at + BATCH).map(async (line) => {
          const answers = await rawExchange(world.ports.edge, `${begin}${line}\r\n\r\n${body}\x01\r\n\r\n`);
          assert.match(answers, /^HTTP\/1\.1 (?:200|400) /, JSON.stringify(line));
          const passed = answers.match(/HTTP\/1\.1 200 /g)?.length ?? 0;
          assert.equal(passed, answers.startsWith('HTTP/1.1 200 ') ? 1 : 0, JSON.stringify(line));
        }),
      );
    }
    await assertNotSmuggled();
  });

  for (const length of LENGTHS) {
    test(`G4 is refused: ${JSON.stringify(length)}`, async () => {
      await world.target.forget();
      const answers = await rawExchange(
        world.ports.edge,
        `${start('POST /upload HTTP/1.1')}${length}\r\n\r\nhello${smuggled()}`,
      );
      assert.match(answers, /^HTTP\/1\.1 400 /);
      assert.equal(answers.match(/HTTP\/1\.1 /g)?.length, 1);
      assert.deepEqual(await world.target.seen(), []);
    });
  }

  for (const chunk of CHUNKS) {
    test(`G8 is cut off in its body: ${JSON.stringify(chunk)}`, async () => {
      await world.target.forget();
      const head = `${start('POST /upload?cut HTTP/1.1')}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`;
      const socket = connect(world.ports.edge, '127.0.0.1');
      const response = new Transcript(socket);
      socket.write(head);
      await world.target.event('request', '/upload?cut');
      socket.write(Buffer.from(chunk + smuggled(), 'latin1'));
      await response.ended;
      assert.match(response.text, /^HTTP\/1\.1 400 /);
      await world.target.event('aborted', '/upload?cut');
      await assertNotSmuggled();
    });
  }
});

describe('requests on one connection', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let host: string;
  let cookie: string;

  before(async () => {
    host = new URL(world.url).host;
    cookie = `Cookie: ${ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true })}`;
  });

  const request = (line: string, ...lines: string[]) => `${[line, ...lines].join('\r\n')}\r\n\r\n`;
  const statuses = (answers: string) =>
    [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

  test('G5 are judged one by one: a session on the first says nothing of the next', async () => {
    const own = `Host: ${host}`;
    const sibling = `Host: ${new URL(world.urlOf('dev-sibling')).host}`;
    const answers = await rawExchange(
      world.ports.edge,
      request('GET /one HTTP/1.1', own, cookie) +
        request('GET /two HTTP/1.1', own) +
        request('GET /three HTTP/1.1', sibling, cookie) +
        request('GET /four HTTP/1.1', own, cookie, 'Connection: close'),
    );
    assert.deepEqual(statuses(answers), [200, 401, 401, 200]);
    const urls = (await world.target.seen()).map(({ url }) => url);
    assert.ok(urls.includes('/one') && urls.includes('/four'));
    assert.ok(!urls.includes('/two') && !urls.includes('/three'));
  });

  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
  for (const [what, behind] of [
    ['a WebSocket handshake', () => request('GET /ws HTTP/1.1', `Host: ${host}`, ...upgrade, key)],
    ['an agent’s offer', () => request('GET /.postern/link HTTP/1.1', `Host: ${new URL(world.base).host}`, ...upgrade)],
    ['CONNECT', () => request(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`)],
  ] as const) {
    test(`G5 behind an unanswered one: ${what} ends the connection and nothing else`, async () => {
      for (const first of [
        request('GET /hang HTTP/1.1', `Host: ${host}`, cookie),
        request('GET / HTTP/1.1', `Host: ${host}`),
      ]) {
        const answers = await rawExchange(world.ports.edge, first + behind());
        assert.ok(statuses(answers).length <= 1, answers);
        assert.doesNotMatch(answers, /^HTTP\/1\.1 101/m);
      }
      assert.equal((await ana.fetch(`${world.url}/bytes?n=1`)).status, 200);
      assert.equal(world.edge.stderr, '');
    });
  }

  test('G5 behind an unanswered one: no HTTP at all waits for its turn, and ends the connection', async () => {
    const first = request('GET / HTTP/1.1', `Host: ${host}`);
    const answers = await rawExchange(world.ports.edge, `${first}\x16\x03\x01\x02\x00\r\n\r\n`);
    assert.deepEqual(statuses(answers), [401, 400]);
    assert.equal((await ana.fetch(`${world.url}/bytes?n=1`)).status, 200);
  });

  test('G5 an answer that is under way is not written into', async () => {
    const socket = connect(world.ports.edge, '127.0.0.1');
    const response = new Transcript(socket);
    socket.write(request('GET /sse?key=garbage HTTP/1.1', `Host: ${host}`, cookie));
    await response.says('event 0');
    socket.write('this is no request\r\n\r\n');
    await response.ended;
    assert.deepEqual(statuses(response.text), [200]);
    assert.doesNotMatch(response.text, /ERR_/);
    await world.target.event('aborted', '/sse?key=garbage');
  });
});
