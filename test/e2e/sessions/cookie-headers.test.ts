/**
 * Cookies of others: what siblings and apps put into a browser arrives with each request. The edge bounds it, says
 * what is wrong when it is too much, and passes on byte for byte what is not ours.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import { readResponse, sendLines, type WireResponse } from '../../support/wire.js';

const SESSION = 'postern-session';

describe('the cookies of a request', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
  let good: string;

  before(async () => {
    good = ana.jar.cookies(world.url).find(({ name }) => name === SESSION)?.value ?? '';
  });

  /** As a sibling tunnel can set them for the parent domain: forty of the largest that browsers keep. */
  const BOMB = Array.from({ length: 40 }, (_, at) => `bomb${at}=${'x'.repeat(3900)}`).join('; ');

  function isHelp(response: WireResponse): void {
    assert.equal(response.status, 431);
    assert.deepEqual(response.values('postern-error'), ['ERR_HEADERS_TOO_LARGE']);
    assert.deepEqual(response.values('cache-control'), ['no-store']);
    assert.match(response.values('content-type')[0] ?? '', /^text\/html/);
    assert.match(response.body, /<h1>Too many cookies<\/h1>/);
    assert.match(response.body, /Remove the cookies of this address and of the domains above it/);
    assert.ok(response.body.trimEnd().endsWith('</html>'));
  }

  const headOf = (host: string, path: string, cookie: string) => [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Accept: text/html',
    `Cookie: ${cookie}`,
  ];

  overEach(
    () => world,
    (version) => {
      const isTwo = version === 'HTTP/2'; // whose heads are smaller: docs/budgets.md

      test('D12 a cookie bomb gets a page that says what happened and how to clear it, on every host', async () => {
        for (const url of [world.url, world.base, world.urlOf('not-there')]) {
          for (const path of ['/', '/oauth2/start?rd=/', '/.postern/session']) {
            const lines = headOf(new URL(url).host, path, `${BOMB}; ${SESSION}=${good}`);
            isHelp(await sendLines(world.port, lines));
          }
        }
        const websocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
        isHelp(await sendLines(world.port, [...headOf(new URL(world.url).host, '/ws', BOMB), ...websocket]));
      });

      test('D12 a bomb harms nobody but the browser that carries it, and that one only until it is cleared', async () => {
        const lines = headOf(new URL(world.url).host, '/', `${BOMB}; ${SESSION}=${good}`);
        const bombs = Array.from({ length: 20 }, () => sendLines(world.port, lines));
        const canaries = Array.from({ length: 20 }, () => ana.fetch(`${world.url}/canary`));
        for (const { status } of await Promise.all(canaries)) assert.equal(status, 200);
        for (const response of await Promise.all(bombs)) isHelp(response);
      });

      test('D13 numbered parts and counts of a session cookie are ignored, and never reach the app', async () => {
        const parts = Array.from(
          { length: isTwo ? 800 : 1500 },
          (_, at) => `${SESSION}.${at}=${good.slice(0, 10)}`,
        ).join('; ');
        for (const more of [
          parts,
          `${SESSION}_count=1000000000`,
          `${SESSION}.count=1e9; ${SESSION}.0=${good.slice(0, 100)}; ${SESSION}.1=${good.slice(100)}`,
          `${SESSION}.999999=x; ${SESSION}_0=${good}; ${SESSION}-1=${good}`,
        ]) {
          const anonymous = await world.visitor().bare(`${world.url}/`, { headers: { cookie: more } });
          assert.equal(anonymous.status, 401, more.slice(0, 50));
          const beside = await world
            .visitor()
            .bare(`${world.url}/`, { headers: { cookie: `${more}; ${SESSION}=${good}; a=1` } });
          assert.equal(beside.status, 200, more.slice(0, 50));
          assert.deepEqual(headerValues((beside.json() as Echo).rawHeaders, 'cookie'), ['a=1']);
        }
      });

      const ODD: Record<string, string> = {
        'the name of a prototype': '__proto__=x; constructor=y; toString=z; hasOwnProperty=',
        'no name': '=v; =; ==; a=1',
        'no value': 'a; b=; c',
        'quotes and spaces': 'a="b c"; d="e;f"; g = h ;i="',
        'ten thousand of them': Array.from({ length: isTwo ? 5_000 : 10_000 }, () => 'a=1').join('; '),
        'escapes and their halves': 'a=%00%zz%; b=%E0%A4%A; c=\\"',
        'bytes of UTF-8': Buffer.from('n=名前; é=ü').toString('latin1'),
        'separators that are none': 'a=1, b=2; c=3,d=4;e=5&f=6',
        'a JSON text': 'j={"a":[1,2]}; k=j:{"a":1}; s=s:x.y',
        'one of eight kilobytes': `big=${'x'.repeat(8192)}`,
        'nothing but separators': ';;; ; ;',
      };
      for (const [name, cookies] of Object.entries(ODD)) {
        test(`D16 cookies with ${name} reach the app byte for byte`, async () => {
          const response = await world
            .visitor()
            .bare(`${world.url}/`, { headers: { cookie: `${cookies}; ${SESSION}=${good}` } });
          assert.equal(response.status, 200);
          const seen = headerValues((response.json() as Echo).rawHeaders, 'cookie');
          assert.deepEqual(seen, [cookies]);
        });
      }

      const SET_COOKIES = [
        'a=1',
        '__proto__=x; Path=/',
        '=nameless; Path=/',
        'novalue',
        'q="a b, c"; HttpOnly; Secure; SameSite=None; Partitioned; Priority=High',
        'odd=1; Expires=Wed, 99 Foo 2099 99:99:99 GMT; Max-Age=abc; Unknown=x; =; ;',
        'case=1; PATH=/x; hTTPonly; samesite=LAX',
        'esc=%00%zz%',
        'dup=1',
        'dup=2',
        `big=${'x'.repeat(5000)}`,
        'empty=',
        'sp =  v  ; Path=/',
      ];

      test('D16 odd Set-Cookie lines of the app reach the visitor byte for byte, in order, each on its own', async () => {
        const query = new URLSearchParams(SET_COOKIES.map((line) => ['header', `Set-Cookie: ${line}`]));
        const { setCookies, status } = await world
          .visitor()
          .bare(`${world.url}/answer?${query}`, { headers: { cookie: `${SESSION}=${good}` } });
        assert.equal(status, 200);
        assert.deepEqual(
          setCookies,
          SET_COOKIES.map((line) => line.trim()),
        );
      });
    },
  );
  test('D12 the page arrives whole though the visitor is still sending, and the connection is not reset', async () => {
    const socket = connect({ port: world.port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    const text = `${headOf(new URL(world.url).host, '/', BOMB).join('\r\n')}\r\n\r\n`;
    socket.write(text.slice(0, 70_000));
    await once(socket, 'end'); // the answer is here and over
    isHelp(readResponse(received));
    for (let at = 70_000; at < text.length; at += 1000) {
      await new Promise<void>((resolve, reject) => {
        socket.write(text.slice(at, at + 1000), (error) => (error ? reject(error) : resolve()));
      });
    }
    socket.end();
    await once(socket, 'close'); // rejects on a reset
  });

  test('D12 sixty kilobytes of cookies are no bomb yet', async () => {
    const cookie = `${Array.from({ length: 15 }, (_, at) => `big${at}=${'x'.repeat(3900)}`).join('; ')}; ${SESSION}=${good}`;
    const response = await world.visitor().bare(`${world.url}/`, { headers: { cookie } });
    assert.equal(response.status, 200);
  });
});
