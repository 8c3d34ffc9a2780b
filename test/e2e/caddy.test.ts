/** `config/Caddyfile` as an operator uses it: Caddy ends TLS, the edge behind it gates, everything streams through. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { CADDYFILE, caddy, caddyMissing, startCaddy } from '../support/caddy.js';
import type { Echo } from '../support/target-paths.js';
import { Transcript } from '../support/transcript.js';
import type { Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

describe('config/Caddyfile', { skip: caddyMissing() }, () => {
  let world: World;
  let ana: Visitor;

  before(async () => {
    const edgeEnv = { POSTERN_TRUST_PROXY: '127.0.0.1' };
    world = await startWorld({ domain: 'tunnel.test', front: startCaddy, edgeEnv });
    ana = await world.signedIn('ana');
  });
  after(async () => world?.close());

  test('is valid and formatted', async () => {
    assert.deepEqual(await caddy('validate', ['--config', CADDYFILE, '--adapter', 'caddyfile']).exited, {
      code: 0,
      signal: null,
    });
    const formatted = caddy('fmt', [CADDYFILE]);
    await formatted.exited;
    assert.equal(formatted.stdout.trim(), readFileSync(CADDYFILE, 'utf8').trim());
  });

  test('signs a visitor in over https with cookies of the host alone', () => {
    const names = ana.jar.cookies(`${world.url}/`).map(({ name }) => name);
    assert.ok(names.length > 0 && names.every((name) => name.startsWith('__Host-')), names.join(', '));
  });

  test('tells the target the address that Caddy saw, not the one that a visitor claims', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.test' };
    const echo = (await ana.fetch(`${world.url}/echo`, { headers })).json() as Echo;
    const seen = (name: string) => echo.rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1] === name);
    assert.deepEqual(seen('x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(seen('x-forwarded-proto'), ['https']);
    assert.deepEqual(seen('x-forwarded-host'), [new URL(world.url).host]);
  });

  test('streams events as they happen', async () => {
    const events = new Transcript((await ana.stream(`${world.url}/sse?key=caddy&n=2`)).body);
    await events.says('event 0');
    await world.target.release('caddy');
    await events.says('event 1');
    assert.equal(await events.ended, undefined);
  });

  test('passes WebSockets', async () => {
    const socket = await ana.socket(`${world.url}/chat`, { protocols: ['sample'] });
    assert.equal(socket.protocol, 'sample');
    socket.send('hello');
    assert.equal(String((await once(socket, 'message'))[0]), 'hello');
    socket.send('close 4001');
    assert.equal((await once(socket, 'close'))[0], 4001);
  });

  test('passes an upload of ten megabytes whole', async () => {
    const body = Buffer.alloc(10_000_000, 'postern ');
    const echo = (await ana.fetch(`${world.url}/upload`, { method: 'POST', body })).json() as Echo;
    assert.equal(echo.bodyBytes, body.length);
  });
});
