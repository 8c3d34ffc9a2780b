/**
 * What a gateway says of its own and what it passes on (RFC 9110 sections 7.6 and 15, RFC 9111, RFC 9112
 * section 9.3.2), seen as raw bytes at the visitor and at the target.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../support/processes.js';
import { RawTarget } from '../../support/raw-target.js';
import { overEach } from '../../support/versions.js';
import { rawExchange } from '../../support/visitor.js';
import { readResponse, sendLines } from '../../support/wire.js';
import { startWorld, type World } from '../../support/world.js';

describe('responses of a gateway', () => {
  let world: World;
  let raw: RawTarget;
  let start: (line: string, ...more: readonly string[]) => string[];

  before(async () => {
    raw = await RawTarget.start();
    world = await startWorld({ targetUrl: raw.url });
    const ana = await world.signedIn('ana');
    const cookie = `Cookie: ${ana.jar.header(new URL(world.url))}`;
    start = (line, ...more) => [line, `Host: ${new URL(world.url).host}`, cookie, ...more];
  });
  after(async () => {
    await world?.close();
    await raw?.close();
  });

  const text = (lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`;

  test('S1 a malformed request behind another one waits for the response to the first', async () => {
    raw.answer('/slow', (socket) => {
      setImmediate(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst'));
    });
    const received = await rawExchange(world.port, `${text(start('GET /slow HTTP/1.1'))}NO SUCH\x01THING\r\n\r\n`);
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nfirstHTTP\/1\.1 400 Bad Request\r\n/s);
    assert.equal(received.match(/HTTP\/1\.1 /g)?.length, 2);
  });

  overEach(
    () => world,
    (version) => {
      test('S2 refusals carry the fields that their status demands, and a date', async () => {
        const host = `Host: ${new URL(world.url).host}`;
        const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
        const cases: readonly (readonly [lines: string[], status: number, name: string, value: RegExp])[] = [
          [['GET / HTTP/1.1', host, 'Connection: close'], 401, 'www-authenticate', /^Postern login_url="http[^"]+"$/],
          [start('TRACE / HTTP/1.1', 'Connection: close'), 405, 'allow', /^GET, HEAD, POST/],
          [start('GET / HTTP/1.1', ...upgrade, 'Sec-WebSocket-Version: 8'), 426, 'sec-websocket-version', /^13$/],
          [['GET / HTTP/1.1', host, 'Host: twice'], 400, 'postern-error', /^ERR_BAD_REQUEST$/],
          [['G\x01T / HTTP/1.1', host], 400, 'postern-error', /^ERR_BAD_REQUEST$/],
        ];
        for (const [lines, status, name, value] of cases) {
          const response = await sendLines(world.port, [...lines, ...(status === 400 ? ['Connection: close'] : [])]);
          assert.equal(response.status, status, lines[0]);
          assert.match(response.values(name).join(), value);
          assert.equal(response.values('date').length, 1, lines[0]);
        }
      });

      test('S3 an event stream whose app or agent is away ends so that browsers open it anew', async () => {
        const name = `dev-down-${version.at(-1)}`;
        await world.startAgent({ name, targetUrl: `http://127.0.0.1:${await freePort()}` });
        const url = world.urlOf(name);
        const visitor = world.visitor();
        await visitor.signIn(`${url}/`, 'ana');
        const stream = await visitor.fetch(`${url}/events`, { headers: { accept: 'text/event-stream' } });
        assert.deepEqual(
          [
            stream.status,
            stream.headers['content-type'],
            stream.headers['postern-error'],
            stream.headers['cache-control'],
          ],
          [200, 'text/event-stream', 'ERR_TARGET_REFUSED', 'no-store'],
        );
        assert.match(stream.text, /^retry: \d+\n/);
        const both = { accept: 'application/json, text/event-stream' };
        assert.equal((await visitor.fetch(`${url}/events`, { headers: both })).status, 502);
        const stranger = await world.visitor().fetch(`${url}/events`, { headers: { accept: 'text/event-stream' } });
        assert.equal(stranger.status, 401);
      });

      test('S4 Via names no host and no version, OPTIONS counts its hops, and circles end', async () => {
        raw.answer('/via', 'HTTP/1.1 200 OK\r\nVia: 1.0 fred\r\nContent-Length: 0\r\n\r\n');
        const response = await sendLines(world.port, start('GET /via HTTP/1.1', 'Connection: close', 'Via: 1.0 fred'));
        assert.deepEqual([response.values('via'), response.values('date').length], [['1.0 fred', '1.1 postern'], 1]);
        assert.deepEqual(
          raw.heads.at(-1)?.match(/^via: .*$/gim),
          ['via: 1.0 fred', `via: ${version === 'HTTP/2' ? '2.0' : '1.1'} postern`].map(matching),
        );

        await sendLines(world.port, start('OPTIONS /hops HTTP/1.1', 'Max-Forwards: 3', 'Connection: close'));
        assert.match(raw.heads.at(-1) ?? '', /^max-forwards: 2\r$/im);
        const last = await sendLines(
          world.port,
          start('OPTIONS /last HTTP/1.1', 'Max-Forwards: 0', 'Connection: close'),
        );
        assert.deepEqual([last.status, raw.paths().includes('/last')], [204, false]);
        assert.match(last.values('allow').join(), /OPTIONS/);

        const circle = Array(10).fill('1.1 postern').join(', ');
        const looped = await sendLines(world.port, start('GET /loop HTTP/1.1', `Via: ${circle}`, 'Connection: close'));
        assert.deepEqual([looped.status, looped.values('postern-error')], [508, ['ERR_LOOP_DETECTED']]);
        assert.equal(raw.paths().includes('/loop'), false);
      });

      /** A header line of the target, in the spelling that it arrived in. */
      function matching(line: string): string {
        return raw.heads.at(-1)?.match(new RegExp(`^${line}$`, 'im'))?.[0] ?? line;
      }

      test('S6 a gated response keeps no word to shared caches nor to the proxy in front, and names have their usual case', async () => {
        const said = ['cdn-cache-control: max-age=9', 'surrogate-control: max-age=9', 'x-accel-redirect: /etc/passwd'];
        const more = ['etag: "a"', 'www-authenticate: x', 'cache-control: private="etag"'];
        raw.answer('/cached', text(['HTTP/1.1 200 OK', 'content-length: 0', ...said, ...more]));
        const { rawHeaders, values } = await sendLines(world.port, start('GET /cached HTTP/1.1', 'Connection: close'));
        for (const line of said) assert.deepEqual(values(line.split(':')[0] ?? ''), [], line);
        assert.deepEqual(values('cache-control'), ['private="etag"', 'private']);
        const spelt = version === 'HTTP/2' ? (name: string) => name.toLowerCase() : String;
        for (const name of ['ETag', 'WWW-Authenticate', 'Content-Length'])
          assert.ok(rawHeaders.includes(spelt(name)), name);
      });
    },
  );

  test('S5 interim responses pass with all that may pass, in a bounded number, and never to HTTP/1.0', async () => {
    const early = 'HTTP/1.1 103 X\r\nLink: </a.css>\r\nX-More: 1\r\nPostern-Error: x\r\nContent-Length: 9\r\n\r\n';
    raw.answer('/early', `${early.repeat(30)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi`);
    const received = await rawExchange(world.port, text(start('GET /early HTTP/1.1', 'Connection: close')));
    const heads = received.split('\r\n\r\n').filter((head) => head.startsWith('HTTP/1.1 103 Early Hints\r\n'));
    assert.equal(heads.length, 16);
    for (const head of heads) assert.match(head, /\r\nLink: <\/a\.css>\r\nX-More: 1$/);
    assert.match(received, /\r\n\r\nHTTP\/1\.1 200 OK\r\n.*\r\n\r\nhi$/s);
    const old = await rawExchange(world.port, text(start('GET /early HTTP/1.0')));
    assert.equal(readResponse(old).status, 200);
  });
});
