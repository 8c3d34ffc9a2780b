import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspected } from './inspected.js';

describe('the API of the inspector', () => {
  test('K8 shows what passed, newest first, with who and which rule let them in', async (t) => {
    const { visit, call, rows } = await inspected(t, (request, response) => {
      request.resume();
      response.writeHead(201, {
        'content-type': 'application/json; charset=utf-8',
        'set-cookie': 'sid=secret; Path=/',
      });
      response.end('{"ok":true}');
    });
    await visit({
      method: 'POST',
      path: '/orders?token=abc',
      headers: [
        ...['x-forwarded-email', 'ana@acme.com', 'postern-rule', '@acme.com', 'postern-edge-ms', '3'],
        ...['x-request-id', 'r-1', 'cookie', 'a=1; b=2', 'content-length', '5', 'x-shop', 'hidden'],
      ],
      body: 'hello',
    });
    await visit({ path: '/second' });
    const [second, first] = await rows();
    assert.equal(second?.path, '/second');
    assert.ok(first !== undefined);
    assert.deepEqual(
      [first.method, first.status, first.type, first.person, first.rule, first.requestId, first.state, first.kind],
      ['POST', 201, 'application/json', 'ana@acme.com', '@acme.com', 'r-1', 'done', 'http'],
    );
    assert.deepEqual(
      [first.requestBytes, first.responseBytes, first.timing.edgeMs, first.timing.linkMs],
      [5, 11, 3, 20],
    );

    const { json: detail } = await call('GET', `/api/exchanges/${first.id}`);
    const headers = new Map(detail.request.headers as [string, string][]);
    assert.equal(headers.get('cookie'), 'a=••••••; b=••••••');
    assert.equal(headers.get('x-shop'), '••••••');
    assert.equal(headers.has('postern-rule'), false);
    assert.deepEqual(
      detail.response.headers.find(([name]: [string]) => name === 'set-cookie'),
      ['set-cookie', 'sid=••••••; Path=/'],
    );
    const { json: revealed } = await call('POST', `/api/exchanges/${first.id}/reveal`, {});
    assert.equal(new Map(revealed.request.headers).get('cookie'), 'a=1; b=2');
    const body = await call('GET', `/api/exchanges/${first.id}/response/body`);
    assert.deepEqual(
      [body.text, body.headers['content-type'], body.headers['x-content-type-options']],
      ['{"ok":true}', 'application/octet-stream', 'nosniff'],
    );
    assert.equal((await rows('ok status:2xx person:ana')).length, 1, 'words are looked for in bodies');
    assert.equal((await rows('-hello method:POST')).length, 0);
  });
});
