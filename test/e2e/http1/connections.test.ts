/** Requests on one connection: what follows a request that is refused, broken off or answered early is no part of it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { Transcript } from '../../support/transcript.js';
import { rawExchange } from '../../support/visitor.js';

describe('requests on one connection', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
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
      world.port,
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
        const answers = await rawExchange(world.port, first + behind());
        assert.ok(statuses(answers).length <= 1, answers);
        assert.doesNotMatch(answers, /^HTTP\/1\.1 101/m);
      }
      assert.equal((await ana.fetch(`${world.url}/bytes?n=1`)).status, 200);
      assert.equal(world.edge.stderr, '');
    });
  }

  test('G5 behind an unanswered one: no HTTP at all waits for its turn, and ends the connection', async () => {
    const first = request('GET / HTTP/1.1', `Host: ${host}`);
    const answers = await rawExchange(world.port, `${first}\x16\x03\x01\x02\x00\r\n\r\n`);
    assert.deepEqual(statuses(answers), [401, 400]);
    assert.equal((await ana.fetch(`${world.url}/bytes?n=1`)).status, 200);
  });

  test('G5 an answer that is under way is not written into', async () => {
    const socket = connect(world.port, '127.0.0.1');
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
