/**
 * What the programs write: one line for each request and each decision, joined by the request id to what the visitor and
 * the target saw; an audit stream of who was let in where. That nothing in it lets anybody in is in secrets.test.ts and leaks.test.ts.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import type { Line } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import { rawExchange, type Visitor } from '../../support/visitor.js';
import { readResponse } from '../../support/wire.js';

describe('logs', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', edgeEnv: { POSTERN_LOG_LEVEL: 'debug' } });
  let eve: Visitor;
  before(async () => {
    eve = await world.signedIn('eve');
  });

  /** The lines of a request, once its last one is there. */
  async function linesOf(requestId: unknown): Promise<readonly Line[]> {
    assert.match(String(requestId), /^[\w-]{16,}$/);
    await world.edge.record((line) => line['msg'] === 'request' && line['requestId'] === requestId);
    return world.edge.records().filter((line) => line['requestId'] === requestId);
  }

  overEach(world, (version) => {
    test('a forwarded request is one line, under the id that the target was given', async () => {
      const response = await ana.fetch(`${world.url}/app/list?password=hunter2`, { method: 'POST', body: 'x' });
      const echo = response.json() as Echo;
      const at = echo.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-request-id');
      const [line, ...more] = (await linesOf(echo.rawHeaders[at + 1])).filter(({ stream }) => stream !== 'audit');
      assert.deepEqual(more, []);
      const { level, method, path, status, host, address, code, durationMs } = line as Line;
      assert.deepEqual(
        { level, method, path, status, host, address, code },
        {
          level: 'info',
          method: 'POST',
          path: '/app/list',
          status: 200,
          host: new URL(world.url).hostname,
          address: '127.0.0.1',
          code: undefined,
        },
      );
      assert.equal(typeof durationMs, 'number');
    });

    test('a WebSocket is one line as well', async () => {
      const mark = world.edge.mark();
      const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws/chat`);
      socket.close(1000);
      const line = await world.edge.record(({ msg, path }) => msg === 'request' && path === '/ws/chat', mark);
      // That of an accepted extended CONNECT (RFC 8441 section 5).
      assert.deepEqual([line['status'], line['method']], [version === 'HTTP/2' ? 200 : 101, 'GET']);
    });

    test('a refusal has the same id in header, page, JSON and log, with its code', async () => {
      const page = await eve.navigate(`${world.url}/secret`);
      const json = await eve.fetch(`${world.url}/secret`);
      for (const response of [page, json]) {
        const id = String(response.headers['x-request-id']);
        assert.ok(response.text.includes(id), response.text);
        const lines = await linesOf(id);
        const request = lines.filter(({ msg }) => msg === 'request');
        const refused = lines.filter(({ msg }) => msg === 'refused');
        assert.deepEqual(
          request.map(({ status, code }) => [status, code]),
          [[403, 'ERR_ACCESS_DENIED']],
        );
        assert.deepEqual(
          refused.map(({ code, detail }) => [code, detail]),
          [['ERR_ACCESS_DENIED', 'refused: no-rule']],
        );
      }
      const stranger = world.visitor();
      for (const response of [await stranger.navigate(`${world.url}/x`), await stranger.fetch(`${world.url}/x`)]) {
        const lines = await linesOf(response.headers['x-request-id']);
        assert.equal(lines.filter(({ msg }) => msg === 'request').length, 1);
      }
    });

    for (const [what, bytes, status, code] of [
      ['no HTTP', 'this is not HTTP\r\n\r\n', 400, 'ERR_BAD_REQUEST'],
      ['too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431, 'ERR_HEADERS_TOO_LARGE'],
    ] as const) {
      if (version === 'HTTP/2' && what === 'no HTTP') continue;
      test(`bytes that never became a request, ${what}, have an id in header, page and log`, async () => {
        const response = readResponse(await rawExchange(world.port, bytes));
        const [id] = response.values('x-request-id');
        assert.deepEqual([response.status, response.values('postern-error')], [status, [code]]);
        assert.ok(id !== undefined && response.body.includes(id));
        const line = await world.edge.record(({ requestId }) => requestId === id);
        assert.deepEqual([line['msg'], line['status'], line['code']], ['malformed', status, code]);
        assert.equal(line['address'], '127.0.0.1');
      });
    }

    test('a request has one id from the edge’s log to the agent’s line', async () => {
      const mark = world.agent.mark();
      await ana.fetch(`${world.url}/same-id`);
      const told = await world.agent.record(({ path }) => path === '/same-id', mark);
      const lines = await linesOf(told['requestId']);
      assert.deepEqual(
        lines.filter(({ msg }) => msg === 'request').map(({ path }) => path),
        ['/same-id'],
      );
    });

    test('the log tells a response that broke off from one that was whole', async () => {
      const mark = world.edge.mark();
      const download = await ana.stream(`${world.url}/bytes?n=50000000&chunked`);
      download.body.destroy();
      await ana.fetch(`${world.url}/whole`);
      const broken = await world.edge.record(({ msg, path }) => msg === 'request' && path === '/bytes', mark);
      const whole = await world.edge.record(({ msg, path }) => msg === 'request' && path === '/whole', mark);
      assert.deepEqual([broken['status'], broken['aborted']], [200, true]);
      assert.deepEqual([whole['status'], whole['aborted']], [200, undefined]);
    });
  });

  test('the audit stream says who signed in, who was let in by which rule, who was not and why', async () => {
    await ana.fetch(`${world.url}/again`);
    await linesOf((await eve.fetch(`${world.url}/again`)).headers['x-request-id']); // and with it all lines before it
    const audit = world.audit();
    const of = (event: string, email: string) =>
      audit.filter((line) => line['event'] === event && line['email'] === email);
    assert.equal(of('sign-in', 'ana@acme.com').length, 1);
    assert.equal(of('sign-in', 'eve@elsewhere.test').length, 1);
    const allowed = of('allow', 'ana@acme.com');
    assert.deepEqual(
      allowed.map(({ rule, host }) => [rule, host]),
      [['@acme.com', new URL(world.url).hostname]],
    );
    assert.deepEqual(of('allow', 'eve@elsewhere.test'), []);
    const denied = of('deny', 'eve@elsewhere.test');
    assert.ok(denied.length > 0);
    for (const { reason, host, requestId } of denied) {
      assert.deepEqual([reason, host], ['no-rule', new URL(world.url).hostname]);
      assert.equal(typeof requestId, 'string');
    }
    // The sign-in and what it opened are told as one session, by an id that opens nothing.
    assert.equal(allowed[0]?.['session'], of('sign-in', 'ana@acme.com')[0]?.['session']);
  });

  test('the audit stream says which tunnel came and went, by whose token', async () => {
    const mark = world.edge.mark();
    await world.agent.kill();
    const down = await world.edge.record(({ event }) => event === 'tunnel-down', mark);
    await world.startAgent();
    const up = await world.edge.record(({ event }) => event === 'tunnel-up', mark);
    for (const line of [down, up]) {
      assert.deepEqual([line['stream'], line['tunnel'], line['owner']], ['audit', world.name, 'dev@acme.com']);
    }
    assert.match(String(up['tokenId']), /^[\w-]{8,}$/);
    assert.match(String(down['reason']), /./);
  });

  for (const [what, options, remedy] of [
    ['a manifest', { headers: { 'sec-fetch-dest': 'manifest' } }, /use-credentials/],
    ['a preflight', { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } }, /preflight/],
  ] as const) {
    test(`a hint says why ${what} is refused, in each response and once in the log`, async () => {
      const mark = world.edge.mark();
      for (let time = 0; time < 2; time++) {
        const response = await world.visitor().fetch(`${world.url}/x`, options);
        assert.equal(response.status, 401);
        assert.match((response.json() as { hint: string }).hint, remedy);
        await linesOf(response.headers['x-request-id']);
      }
      const hints = world.edge.records(mark).filter(({ hint }) => remedy.test(String(hint)));
      assert.equal(hints.length, 1);
    });
  }

  test('every line of the edge is one JSON object with a level, a time and a message', async () => {
    for (const line of world.edge.stdout.split('\n')) {
      const { level, time, msg } = JSON.parse(line) as Line;
      assert.match(String(level), /^(debug|info|warn|error)$/);
      assert.ok(!Number.isNaN(Date.parse(String(time))), line);
      assert.equal(typeof msg, 'string');
    }
    assert.equal(world.edge.stderr, '');
  });
});
