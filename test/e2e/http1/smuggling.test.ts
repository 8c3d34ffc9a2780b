/**
 * Two readers never see two requests where one was sent: what is framed in more than one way is refused, what is
 * forwarded gets new framing, and bytes that are no request neither reach the target nor harm the edge. Raw sockets.
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
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
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
      const answers = await rawExchange(world.port, `${head}${body}\x01\r\n\r\n`);
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
          const answers = await rawExchange(world.port, `${begin}${line}\r\n\r\n${body}\x01\r\n\r\n`);
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
        world.port,
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
      const socket = connect(world.port, '127.0.0.1');
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
