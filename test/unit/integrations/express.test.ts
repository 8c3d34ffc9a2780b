/** The middleware in a real Express: who gets in, as whom, and what the others get. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import express from 'express';
import { postern } from '../../../src/integrations/express.js';
import { AUDIENCE, FakeEdge, ISSUER } from './fake-edge.js';

describe('the middleware', () => {
  const edge = new FakeEdge();
  const options = { edge: ISSUER, tunnel: AUDIENCE, fetch: edge.fetch };
  const app = express();
  app.use((request, _response, next) => {
    if (request.path === '/optional/forged') Object.assign(request, { identity: { email: 'dev@acme.com' } });
    next();
  });
  app.use('/optional', postern({ ...options, optional: true }));
  app.use('/required', postern(options));
  app.use('/down', postern({ ...options, fetch: () => Promise.reject(new Error('down')) }));
  app.use((request, response) => {
    response.json({ email: request.identity?.email ?? null });
  });
  const server = createServer(app);
  let base = '';

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${base}${path}`, { method, headers });
  const asserted = async () => ({ 'X-Postern-Assertion': await edge.assertion() });

  test('gives the app the visitor of a request', async () => {
    for (const path of ['/required', '/optional'])
      assert.deepEqual(await (await get(path, await asserted())).json(), { email: 'ana@acme.com' });
  });

  test('E17 refuses a request without a valid assertion, in JSON', async () => {
    for (const [path, headers] of [
      ['/required', { 'X-Forwarded-Email': 'ana@acme.com' }],
      ['/required', { 'X-Postern-Assertion': 'x' }],
      ['/optional', { 'X-Postern-Assertion': 'x' }],
    ] as const) {
      const response = await get(path, headers);
      assert.equal(response.status, 401);
      assert.deepEqual(
        ['www-authenticate', 'cache-control', 'content-type'].map((name) => response.headers.get(name)),
        ['Postern', 'no-store', 'application/json'],
      );
      const { error } = (await response.json()) as { error: { code: string; retryable: boolean } };
      assert.deepEqual([error.code, error.retryable], ['ERR_ASSERTION_INVALID', false]);
    }
    assert.equal((await get('/required', {}, 'HEAD')).status, 401);
  });

  test('lets a request without one pass where it is optional, as nobody', async () => {
    for (const path of ['/optional', '/optional/forged']) {
      const response = await get(path, { 'X-Forwarded-Email': 'ana@acme.com' });
      assert.deepEqual(await response.json(), { email: null });
    }
  });

  test('answers 503 while the keys of the edge cannot be read', async () => {
    const response = await get('/down', await asserted());
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    assert.deepEqual([response.status, error.code], [503, 'ERR_KEYS_UNAVAILABLE']);
    assert.doesNotMatch(error.message, /tunnel\.test|down/);
  });
});
