/**
 * An edge of several processes is one edge: whichever of them a connection reaches, the tunnel is there, a decision of one counts at
 * all, and the death of one costs what ran on it and nothing else.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askAdmin, until } from '../../support/admin.js';
import { atBoth, type Both } from '../../support/both-workers.js';
import { inWorld } from '../../support/in-world.js';
import { freePort, isAlive, POSTERN, Program, runPostern } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import type { Visitor } from '../../support/visitor.js';
import { World } from '../../support/world.js';

describe('an edge of two workers', () => {
  const { world } = inWorld({ workers: 2, allow: ['@acme.com'] });
  let ana: Both;

  before(async () => {
    ana = await atBoth(world, 'ana');
  });

  const each = (both: Both, check: (visitor: Visitor) => Promise<void>) =>
    Promise.all([...both.visitors.values()].map(check));

  test('I18 forwards at both of them, with bodies, interim heads and trailers as they are', async () => {
    await each(ana, async (visitor) => {
      const body = randomBytes(3_000_000);
      const sent = await visitor.fetch(`${world.url}/upload`, { method: 'PUT', body });
      const { bodyBytes, bodySha256 } = sent.json() as Echo;
      assert.deepEqual([bodyBytes, bodySha256], [body.length, createHash('sha256').update(body).digest('hex')]);
      assert.equal((await visitor.fetch(`${world.url}/bytes?n=5000000&chunked`)).bytes.length, 5_000_000);
    });
  });

  test('I18 takes no word of a visitor for that of another worker', async () => {
    await each(ana, async (visitor) => {
      const headers = { 'postern-relay': 'request other 1 x', 'x-forwarded-email': 'eve@elsewhere.test' };
      const { rawHeaders } = (
        await visitor.fetch(`${world.url}/upload`, { method: 'POST', headers, body: 'x' })
      ).json() as Echo;
      const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
      assert.equal(
        names.some((name) => name.startsWith('postern-')),
        false,
      );
      assert.deepEqual(
        rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === 'x-forwarded-email'),
        ['ana@acme.com'],
      );
    });
  });

  test('I18 carries WebSockets at both of them', async () => {
    await each(ana, async (visitor) => {
      const socket = await visitor.socket(`${world.url}/ws`);
      socket.send('x'.repeat(100_000));
      const [data] = (await once(socket, 'message')) as [Buffer];
      assert.equal(data.length, 100_000);
      socket.close();
    });
  });

  test('I19 a sign-out at one of them counts at the other at once', async () => {
    const bob = await world.signedIn('bob');
    const cookie = bob.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
    // Each on a connection of its own: they reach both workers in turn.
    const statuses = () =>
      Promise.all(
        [1, 2, 3, 4].map(async () => (await world.visitor().bare(`${world.url}/`, { headers: { cookie } })).status),
      );
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
    await bob.press(await bob.open(`${world.url}/.postern/sign_out`));
    assert.ok((await statuses()).every((status) => status === 302 || status === 401));
  });

  test('says at the admin address how all of them are together', async () => {
    assert.deepEqual(await askAdmin(world, '/readyz'), [200, 'ready\n']);
    const [, metrics] = await askAdmin(world, '/metrics');
    assert.match(metrics, /^postern_tunnels 1$/m);
    assert.match(metrics, /^postern_store_entries\{kind="name"\} 1$/m);
    assert.equal(metrics.match(/^# TYPE postern_ready /gm)?.length, 1);
  });

  test('I20 one that stands still keeps the edge ready, and what is on its way to it ends with it', async () => {
    const [still] = world.edge.records(0).filter(({ msg }) => msg === 'worker up');
    const pid = still?.['pid'] as number;
    const mark = world.edge.mark();
    process.kill(pid, 'SIGSTOP');
    const { port, hostname } = new URL(world.url);
    const ended = Array.from({ length: 8 }, async () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {}); // `close` follows
      socket.resume().write(`GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
      await new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.race(ended); // the other worker responds
    assert.deepEqual(await askAdmin(world, '/readyz'), [200, 'ready\n']);
    process.kill(pid, 'SIGKILL');
    await Promise.all(ended);
    await world.edge.record(({ msg, worker }) => msg === 'worker up' && worker === still?.['worker'], mark);
  });

  test('I20 one that is killed is started again, its agents come back, and sessions last', async () => {
    const lost = world.edge.records(0).findLast(({ msg }) => msg === 'worker up');
    const mark = world.edge.mark();
    process.kill(lost?.['pid'] as number, 'SIGKILL');
    await world.edge.record(({ msg, worker }) => msg === 'worker up' && worker === lost?.['worker'], mark);
    await until(async () => (await askAdmin(world, '/metrics'))[1].includes('\npostern_tunnels 1\n'));
    assert.equal((await (await world.signedIn('ana')).fetch(`${world.url}/`)).status, 200);
    const survivor = [...ana.visitors].find(([worker]) => worker !== lost?.['worker'])?.[1];
    assert.equal((await survivor?.fetch(`${world.url}/`))?.status, 200);
  });

  test('I22 workers that are replaced one after the other lose no request', async () => {
    const before = world.edge
      .records(0)
      .flatMap(({ msg, pid }) => (msg === 'worker up' ? [pid as number] : []))
      .slice(-2);
    const visitors = await Promise.all(Array.from({ length: 2 }, () => world.signedIn('ana')));
    const mark = world.edge.mark();
    let isReplaced = false;
    let resets = 0;
    const seen: number[] = [];
    const ask = async (visitor: Visitor, at: number) => {
      const upload = { method: 'PUT', body: randomBytes(20_000) };
      const [path, options] = at % 2 === 0 ? ['/bytes?n=20000', {}] : ['/upload', upload];
      return (await visitor.fetch(`${world.url}${path}`, options)).status;
    };
    const load = visitors.map(async (visitor, at) => {
      while (!isReplaced) {
        // An idle connection may be closed while a stalled client writes to it; clients send the request again (RFC 9112 section 9.3.1).
        const status = await ask(visitor, at).catch(() => {
          resets += 1;
          return ask(visitor, at);
        });
        seen.push(status);
        await delay(20);
      }
    });
    world.edge.signal('SIGHUP');
    await world.edge.record(({ msg }) => msg === 'the workers were replaced', mark);
    for (const pid of before) await until(async () => !isAlive(pid));
    isReplaced = true;
    await Promise.all(load);
    assert.ok(seen.length > 20, `${seen.length} requests`);
    assert.ok(resets <= visitors.length, `${resets} resets`);
    assert.deepEqual(
      seen.filter((status) => status !== 200),
      [],
    );
  });

  test('ends whole at SIGTERM, with all of its processes', async () => {
    const pids = world.edge.records(0).flatMap(({ msg, pid }) => (msg === 'worker up' ? [pid as number] : []));
    world.edge.signal('SIGTERM');
    assert.equal((await world.edge.exited).code, 0);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});

describe('an edge whose workers cannot start', () => {
  test('ends with their code', async () => {
    const world = new World();
    world.ports = { edge: await freePort(), front: 0, admin: await freePort(), provider: await freePort() };
    const env = {
      ...world.edgeEnv(),
      POSTERN_URL: 'http://localhost:8080',
      POSTERN_WORKERS: '2',
      POSTERN_REVOKED_TOKENS: '/',
    };
    const edge = new Program({ name: 'edge', script: POSTERN, args: ['edge'], env });
    assert.equal((await edge.exited).code, 2);
  });
});

test('an edge of two workers that finds no place for their sockets says so in one sentence', async () => {
  const env = { POSTERN_SECRET: randomBytes(32).toString('base64'), POSTERN_WORKERS: '2', TMPDIR: '/nowhere' };
  const client = { POSTERN_OIDC_CLIENT_ID: 'postern', POSTERN_OIDC_CLIENT_SECRET: randomBytes(32).toString('base64') };
  const { exit, stderr } = await runPostern(['edge'], { ...env, ...client, POSTERN_URL: 'http://localhost:8080' });
  assert.match(stderr, /^postern: POSTERN_WORKERS: .* none can be made in \/nowhere \(ENOENT\): .*\n$/);
  assert.deepEqual(exit, { code: 2, signal: null });
});
