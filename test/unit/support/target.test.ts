import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { startTarget, type Target } from '../../support/target.js';
import type { Echo } from '../../support/target-paths.js';
import { startTargetProcess } from '../../support/target-remote.js';
import { Transcript } from '../../support/transcript.js';
import { RefusedUpgrade, rawExchange, Visitor } from '../../support/visitor.js';

for (const [form, start] of [
  ['inside the process', startTarget],
  ['as a process', startTargetProcess],
] as const) {
  describe(`the test target ${form}`, () => {
    let target: Target;
    const visitor = new Visitor();
    before(async () => {
      target = await start();
    });
    after(async () => {
      visitor.close();
      await target.close();
    });

    test('echoes a request and remembers it', async () => {
      const response = await visitor.fetch(`${target.url}/a%2Fb?x=1`, {
        method: 'PUT',
        body: 'hello',
        trailers: { 'X-End': 'yes' },
        headers: { 'transfer-encoding': 'chunked', trailer: 'X-End' },
      });
      const echo = response.json() as Echo;
      assert.equal(echo.method, 'PUT');
      assert.equal(echo.url, '/a%2Fb?x=1');
      assert.equal(echo.bodyBytes, 5);
      assert.deepEqual(echo.rawTrailers, ['X-End', 'yes']);
      assert.equal((await target.seen()).at(-1)?.url, '/a%2Fb?x=1');
    });

    test('waits until it is released', async () => {
      const held = visitor.fetch(`${target.url}/held?key=one`);
      await target.event('request', '/held?key=one');
      await target.release('one');
      assert.equal((await held).text, 'held');
    });

    test('sends one event at a time', async () => {
      const { body } = await visitor.stream(`${target.url}/sse?key=tick&n=2`);
      const events = new Transcript(body);
      await events.says('data: event 0\n\n');
      await target.release('tick');
      await events.says('data: event 1\n\n');
      assert.equal(await events.ended, undefined);
    });

    test('sends trailers, early hints and any head', async () => {
      assert.deepEqual({ ...(await visitor.fetch(`${target.url}/trailers`)).trailers }, { 'x-checksum': 'abc123' });
      const hinted = await visitor.fetch(`${target.url}/early-hints`);
      assert.deepEqual(
        hinted.informational.map(({ status }) => status),
        [103],
      );
      const told = await visitor.fetch(
        `${target.url}/answer?status=302&header=Location:%20/x&header=Set-Cookie:%20a=b`,
      );
      assert.equal(told.status, 302);
      assert.equal(told.headers.location, '/x');
      assert.equal((await visitor.fetch(`${target.url}/status/204`)).status, 204);
    });

    test('notices a visitor who leaves', async () => {
      const { request, body } = await visitor.stream(`${target.url}/hang-after-head`);
      body.on('error', () => {}); // the test breaks it off itself
      request.destroy();
      assert.equal((await target.event('aborted', '/hang-after-head')).kind, 'aborted');
    });

    test('breaks off in the body', async () => {
      const { body } = await visitor.stream(`${target.url}/die`);
      await assert.rejects(body.toArray(), { code: 'ECONNRESET' });
    });

    test('talks over a WebSocket with a subprotocol and passes close codes', async () => {
      const socket = await visitor.socket(`${target.url}/chat`, { protocols: ['one', 'two'] });
      assert.equal(socket.protocol, 'one');
      socket.send('hello');
      assert.equal(String((await once(socket, 'message'))[0]), 'hello');
      socket.send('close 4001 enough');
      const [code, reason] = await once(socket, 'close');
      assert.equal(code, 4001);
      assert.equal(String(reason), 'enough');
      assert.equal((await target.event('socket-closed', '/chat')).code, 4001);
      await assert.rejects(
        visitor.socket(`${target.url}/ws-refuse`),
        (error) => error instanceof RefusedUpgrade && error.status === 403,
      );
    });

    test('takes raw bytes', async () => {
      const response = await rawExchange(target.port, 'GET /raw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      assert.match(response, /^HTTP\/1\.1 200 OK\r\n/);
    });

    test('forgets', async () => {
      await target.forget();
      assert.deepEqual(await target.seen(), []);
    });
  });
}
