/** The inspector of a real agent: what it knows of a request, whom it lets in, and what the commands do with it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import type { Exchange, ExchangeDetail } from '../../../src/agent/inspector/wire.js';
import { apiOf } from '../../support/api.js';
import { inWorld } from '../../support/in-world.js';
import { POSTERN } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const RUNTIME = temporaryFolder('runtime');

describe('the inspector of an agent', () => {
  const { world } = inWorld({
    manyAddresses: true,
    agentEnv: { POSTERN_INSPECT: '127.0.0.1:0', XDG_RUNTIME_DIR: RUNTIME },
  });
  let origin = '';
  let key = '';

  before(async () => {
    const line = await world.agent.record(({ event }) => event === 'inspect');
    origin = String(line['url']);
    ({ key } = JSON.parse(readFileSync(fileOfAgent(), 'utf8')));
  });

  const fileOfAgent = () => join(RUNTIME, 'postern', readdirSync(join(RUNTIME, 'postern'))[0] ?? '');
  const call = (method: string, path: string, body?: object) =>
    fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const rows = async (filter = '') => {
    const response = await call('GET', `/api/exchanges?filter=${encodeURIComponent(filter)}`);
    return ((await response.json()) as { exchanges: Exchange[] }).exchanges;
  };
  const ended = async (id: string) => {
    for (;;) {
      const row = (await (await call('GET', `/api/exchanges/${id}`)).json()) as ExchangeDetail;
      if (row.state !== 'open') return row;
    }
  };
  const command = async (...args: string[]) => {
    const env = { PATH: process.env['PATH'], HOME: RUNTIME, XDG_RUNTIME_DIR: RUNTIME };
    const child = spawn(process.execPath, [POSTERN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await closed;
    return { lines: stdout.split('\n').slice(0, -1), stderr, code: code as number };
  };

  test('K12 knows who made a request and which rule let them in, which the target is not told', async () => {
    const ana = await world.signedIn('ana');
    const { text: seen } = await ana.fetch(`${world.url}/inspect?who=ana`, { headers: { 'postern-rule': 'mine' } });
    assert.ok(!/postern-(?:rule|edge-ms)/.test(seen), 'neither the edge’s fields nor a visitor’s of that name');
    const [row] = await rows('path:/inspect person:ana');
    assert.deepEqual([row?.person, row?.rule, row?.tunnel, row?.status], ['ana@acme.com', '@acme.com', 'demo', 200]);
    assert.ok((row?.timing.edgeMs ?? -1) >= 0 && row?.timing.totalMs !== null);
    const detail = await ended(row?.id ?? '');
    assert.deepEqual([detail.identity?.email, detail.identity?.sub], ['ana@acme.com', 'ana']);
  });

  test('K8 leaves its key in a file that only its owner can read, and nowhere else', async () => {
    assert.equal(statSync(fileOfAgent()).mode & 0o777, 0o600);
    assert.ok(!world.agent.stdout.includes(key), 'the key is not in what the agent prints for programs');
    assert.equal((await fetch(`${origin}/api/exchanges`)).status, 401);
    const tunnels = (await (await fetch(`${origin}/api/tunnels`)).json()) as { tunnels: { public_url: string }[] };
    assert.equal(tunnels.tunnels[0]?.public_url, world.url);
  });

  test('K13 repeats a request as the same person with a fresh assertion, and to no other server', async () => {
    const ana = await world.signedIn('ana');
    await ana.fetch(`${world.url}/again`);
    const [row] = await rows('path:/again');
    const replay = async (edit?: object) => call('POST', `/api/exchanges/${row?.id}/replay`, { edit });
    const { ids } = (await (await replay({ path: '/again?edited=1' })).json()) as { ids: string[] };
    const repeated = await ended(ids[0] ?? '');
    assert.deepEqual([repeated.status, repeated.person, repeated.replayOf], [200, 'ana@acme.com', row?.id]);
    const claimsOf = async (id: string) => {
      const { request } = (await (await call('POST', `/api/exchanges/${id}/reveal`, {})).json()) as ExchangeDetail;
      const assertion = new Map(request.headers).get('x-postern-assertion') ?? '';
      return JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
    };
    const [before, after] = [await claimsOf(row?.id ?? ''), await claimsOf(ids[0] ?? '')];
    assert.equal(after['orig_iat'], before['iat']);
    assert.deepEqual({ ...after, orig_iat: 0, iat: 0, exp: 0 }, { ...before, orig_iat: 0, iat: 0, exp: 0 });
    for (const path of ['http://evil.test/', '//evil.test', 'evil', '/a b']) {
      const { status } = await replay({ path });
      assert.ok(path === '//evil.test' ? status === 200 : status === 400, path);
    }
    for (const headers of [
      [['host', 'evil.test']],
      [['x-forwarded-email', 'boss@acme.com']],
      [['x-postern-assertion', 'a.b.c']],
    ])
      assert.equal((await replay({ headers })).status, 400, JSON.stringify(headers));
  });

  test('K14 signs afresh only what the edge has signed for this tunnel, and for no person who is out', async () => {
    const ana = await world.signedIn('ana');
    await ana.fetch(`${world.url}/mine`);
    const [row] = await rows('path:/mine');
    const { request } = (await (await call('POST', `/api/exchanges/${row?.id}/reveal`, {})).json()) as ExchangeDetail;
    const assertion = new Map(request.headers).get('x-postern-assertion') ?? '';
    const api = await apiOf(world);
    const renew = (text: string) => api('POST', '/tunnels/demo/assertions', { assertion: text });
    assert.equal((await renew(assertion)).status, 200);
    const [head = '', payload = '', signature = ''] = assertion.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = (changes: object) => Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const text of [
      ...['', 'x', 'a.b.c', `${head}.${payload}.`, `${none}.${payload}.`],
      ...[{ email: 'dev@acme.com' }, { aud: 'https://other' }, { groups: ['admins'] }].map(
        (changes) => `${head}.${forged(changes)}.${signature}`,
      ),
    ])
      assert.equal((await renew(text)).status, 400, text.slice(0, 40));
    const stranger = await apiOf(world, await world.token({ owner: 'bob@acme.com', tunnels: '*' }));
    assert.equal((await stranger('POST', '/tunnels/demo/assertions', { assertion })).status, 404);
    await api('PUT', '/tunnels/demo/grants/ana%40acme.com', { effect: 'deny' });
    assert.equal((await renew(assertion)).status, 400);
    const refused = await call('POST', `/api/exchanges/${row?.id}/replay`, {});
    assert.equal(refused.status, 502, 'no replay without a fresh assertion');
    await api('DELETE', '/tunnels/demo/grants/ana%40acme.com');
    assert.equal((await renew(assertion)).status, 200);
  });

  test('is there for programs: status, logs and replay', async () => {
    const dev = await world.signedIn('dev');
    await dev.fetch(`${world.url}/from-the-shell`);
    const status = await command('status', '--json');
    assert.deepEqual(
      status.lines.map((line) => JSON.parse(line)).map(({ tunnel, online, inspector }) => [tunnel, online, inspector]),
      [['demo', true, origin]],
    );
    const logs = await command('logs', '--json', '--filter', 'path:/from-the-shell');
    const [logged] = logs.lines.map((line) => JSON.parse(line) as Exchange);
    assert.equal(logged?.person, 'dev@acme.com');
    const args = [
      '--filter',
      'path:/from-the-shell',
      '--method',
      'POST',
      '--header',
      'X-Debug: 1',
      '--body',
      '@/etc/passwd',
    ];
    const replayed = await command('replay', ...args, '--count', '2', '--json');
    assert.deepEqual(
      replayed.lines
        .map((line) => JSON.parse(line) as Exchange)
        .map(({ method, status: code, replayOf, requestBytes }) => [method, code, replayOf, requestBytes]),
      Array.from({ length: 2 }, () => ['POST', 200, logged?.id, 12]),
      replayed.stderr,
    );
    await dev.fetch(`${world.url}/sse?n=1`);
    const begun = await command('replay', '--filter', 'path:/sse', '--path', '/sse?key=goes-on', '--json');
    assert.deepEqual(
      begun.lines.map((line) => JSON.parse(line) as Exchange).map(({ status: code, state }) => [code, state]),
      [[200, 'open']],
      'an event stream without end is not waited for',
    );
    assert.equal(begun.code, 0);
    const byRequest = await command('replay', logged?.requestId ?? '', '--json');
    assert.equal((JSON.parse(byRequest.lines[0] ?? '{}') as Exchange).replayOf, logged?.id, byRequest.stderr);
    assert.match((await command('logs', '--name', 'other')).stderr, /no tunnel "other" .*\(demo\)/);
    assert.equal((await command('logs', '--filter', 'nonsense:x')).code, 2);
    assert.equal((await command('replay', '--latest', 'also-an-id')).code, 2);
  });
});
