import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recognizeRefusal } from '../../../src/agent/host-refusals.js';
import { FakeInbound } from './fake-inbound.js';
import { httpTarget } from './targets.js';

const HOST = 'demo.tunnel.test';
const VITE = `Blocked request. This host ("${HOST}") is not allowed.\nTo allow this host, add "${HOST}" to \`server.allowedHosts\` in vite.config.js.`;
const RAILS = `<title>Action Controller: Exception caught</title><h1>Blocked hosts: ${HOST}</h1><pre>config.hosts << "${HOST}"</pre>`;

describe('recognizeRefusal', () => {
  it('knows the refusals of each server', () => {
    const rows: [string, number, string, string][] = [
      ['Vite', 403, '/', VITE],
      ['Vite', 403, '/', `Blocked request. This host (${HOST}) is not allowed.`],
      ['Vite (preview)', 403, '/', VITE.replace('server.', 'preview.')],
      [
        'Angular',
        403,
        '/',
        `<h1>Blocked request. This host ("${HOST}") is not allowed.</h1> <code>serve</code> <code>angular.json</code>`,
      ],
      ['webpack-dev-server', 403, '/', 'Invalid Host header'],
      ['webpack-dev-server', 200, '/', 'Invalid Host header'],
      ['Next.js', 403, '/_next/webpack-hmr', 'Unauthorized'],
      ['Rails', 403, '/', RAILS],
      ['Rails', 403, '/', `Blocked host: ${HOST}`],
      ['Django', 400, '/', '<!DOCTYPE html><html><head><title>DisallowedHost\n          at /</title>'],
    ];
    for (const [server, status, path, text] of rows) {
      assert.equal(recognizeRefusal({ status, path, text })?.server, server, text);
    }
  });

  it('takes no other answer for one', () => {
    const rows: [number, string, string][] = [
      [403, '/', 'Forbidden'],
      [403, '/api', 'Unauthorized'],
      [200, '/', VITE],
      [404, '/_next/x', 'Unauthorized'],
      [400, '/', 'Bad Request (400)'],
      [403, '/', ''],
    ];
    for (const [status, path, text] of rows) assert.equal(recognizeRefusal({ status, path, text }), undefined, text);
  });
});

describe('a refused host', () => {
  const forwarded = ['x-forwarded-proto', 'https', 'x-forwarded-host', HOST];

  it('gives the exact fix once, and the answer unchanged', async (t) => {
    const { target, hints } = await httpTarget(t, (_request, response) => response.writeHead(403).end(VITE), {
      hostHeader: 'preserve',
    });
    for (let times = 0; times < 2; times += 1) {
      const stream = new FakeInbound({ headers: forwarded });
      target.serve(stream);
      assert.equal((await stream.answer()).body, VITE);
    }
    assert.equal(hints.length, 1);
    assert.match(hints[0] ?? '', /allowedHosts: \['demo\.tunnel\.test'\]/);
  });

  it('is seen on a WebSocket as well, by the host that was refused', async (t) => {
    const { server, target, hints } = await httpTarget(t, (_request, response) => response.end());
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\nUnauthorized'));
    const stream = new FakeInbound({ protocol: 'websocket', path: '/_next/webpack-hmr', headers: forwarded });
    target.serve(stream);
    assert.equal((await stream.answer()).status, 403);
    assert.match(hints[0] ?? '', /allowedDevOrigins: \['demo\.tunnel\.test'\]/);
  });

  it('is not looked for in what is compressed, long or no text', async (t) => {
    const rows: [number, Record<string, string>][] = [
      [403, { 'content-encoding': 'gzip' }],
      [403, { 'content-type': 'application/json' }],
      [200, { 'content-type': 'text/html' }],
    ];
    for (const [status, headers] of rows) {
      const { target, hints } = await httpTarget(t, (_request, response) =>
        response.writeHead(status, headers).end('Invalid Host header'),
      );
      const stream = new FakeInbound();
      target.serve(stream);
      assert.equal((await stream.answer()).body, 'Invalid Host header');
      assert.deepEqual(hints, []);
    }
  });
});
