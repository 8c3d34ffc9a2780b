/**
 * By raw bytes: offers to switch protocols that nobody takes up (RFC 9110 section 7.8), as curl, Java's and Apache's
 * clients make them. The request is an ordinary one, and so is what stands around it on the connection.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { rawExchange } from '../../support/visitor.js';

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
const TLS = 'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n';

describe('an offer that nobody takes up', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
  let common: string;
  let closing: string;

  before(async () => {
    common = `Host: ${new URL(world.url).host}\r\nCookie: ${ana.jar.header(new URL(world.url))}\r\n`;
    closing = `GET /last HTTP/1.1\r\n${common}Connection: close\r\n\r\n`;
  });

  /** What the target saw, in order, of an exchange that ends with the connection. */
  async function seenOf(bytes: string): Promise<string[]> {
    await world.target.forget();
    const text = await rawExchange(world.port, bytes);
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
    const seen = await world.target.seen();
    assert.deepEqual(
      statuses.filter((status) => status !== '100'),
      seen.map(() => '200'),
    );
    for (const { rawHeaders, upgrade } of seen) {
      assert.equal(upgrade, false);
      for (const name of ['upgrade', 'http2-settings']) assert.deepEqual(headerValues(rawHeaders, name), [], name);
    }
    return seen.map(({ method, url }) => `${method} ${url}`);
  }

  const OFFERS = {
    h2c: H2C,
    'TLS/1.2': TLS,
    'a made-up one': 'Connection: close-not, upgrade\r\nUpgrade: foo/1, bar\r\n',
  };
  for (const [name, offer] of Object.entries(OFFERS)) {
    test(`P3 ${name} is ignored on a request without a body, and what is pipelined behind it is served`, async () => {
      const bytes = `GET /first HTTP/1.1\r\n${common}${offer}\r\nGET /second HTTP/1.1\r\n${common}\r\n${closing}`;
      assert.deepEqual(await seenOf(bytes), ['GET /first', 'GET /second', 'GET /last']);
    });

    test(`P3 ${name} is ignored on requests with a body, whatever its framing`, async () => {
      const fixed = `POST /upload?a HTTP/1.1\r\n${common}${offer}Content-Length: 5\r\n\r\nhello`;
      const chunked = `POST /upload?b HTTP/1.1\r\n${common}${offer}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
      assert.deepEqual(await seenOf(fixed + chunked + closing), ['POST /upload?a', 'POST /upload?b', 'GET /last']);
    });
  }

  test('P3 a body in pieces behind an offer arrives whole, and the connection is kept alive', async () => {
    const socket = connect(world.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
    });
    socket.write(`POST /upload?pieces HTTP/1.1\r\n${common}${H2C}Content-Length: 10\r\n\r\nhello`);
    await world.target.event('request', '/upload?pieces');
    socket.write('world');
    while (!text.includes('bodyBytes')) await once(socket, 'data');
    const echo = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Echo;
    assert.equal(echo.bodyBytes, 10);
    text = '';
    socket.write(`GET /again HTTP/1.1\r\n${common}${H2C}\r\n`);
    while (!text.includes('/again')) await once(socket, 'data');
    assert.match(text, /^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  test('P3 a request with an offer waits for those in front of it', async () => {
    const bytes = `GET /held?key=one HTTP/1.1\r\n${common}\r\nGET /second HTTP/1.1\r\n${common}${H2C}\r\n${closing}`;
    await world.target.forget();
    const exchange = rawExchange(world.port, bytes);
    await world.target.event('request', '/held');
    assert.equal((await world.target.seen()).length, 1);
    await world.target.release('one');
    const text = await exchange;
    assert.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 3);
    assert.ok(text.indexOf('held') < text.indexOf('/second') && text.indexOf('/second') < text.indexOf('/last'));
  });

  test('P3 an offer changes nothing for a stranger, nor for a request that is malformed', async () => {
    const host = `Host: ${new URL(world.url).host}\r\n`;
    await world.target.forget();
    const offer = H2C.replace('Upgrade,', 'close, Upgrade,');
    const stranger = `POST /upload HTTP/1.1\r\n${host}${offer}Content-Length: 5\r\n\r\nhello`;
    assert.match(await rawExchange(world.port, stranger), /^HTTP\/1\.1 401 /);
    const hostless = await rawExchange(world.port, `GET / HTTP/1.1\r\n${offer}\r\n`);
    assert.match(hostless, /^HTTP\/1\.1 400 /);
    assert.deepEqual(await world.target.seen(), []);
  });

  test('P3 curl --http2 is served, with a body that it asks to send first', async () => {
    const { hostname } = new URL(world.url);
    const args = ['--silent', '--http2', '--resolve', `${hostname}:${world.port}:127.0.0.1`];
    const headers = ['--header', `Cookie: ${ana.jar.header(new URL(world.url))}`, '--header', 'Expect: 100-continue'];
    const data = ['--data-binary', 'x'.repeat(200_000), `${world.url}/upload`];
    // Arguments have a length; the body goes by standard input.
    const run = promisify(execFile)('curl', [...args, ...headers, '--data-binary', '@-', data[2] as string]);
    run.child.stdin?.end(data[1]);
    const { stdout } = await run;
    assert.equal((JSON.parse(stdout) as Echo).bodyBytes, 200_000);
  });
});
