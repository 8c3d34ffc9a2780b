/** What `/metrics` says of an edge that has visitors, agents and refusals: how many, and never who. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askAdmin, until } from '../../support/admin.js';
import { inWorld } from '../../support/in-world.js';
import { promtool, promtoolMissing } from '../../support/promtool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { overEach } from '../../support/versions.js';

describe('the metrics of an edge', () => {
  const folder = join(temporaryFolder('metrics'), 'state');
  const { world, visitor: ana } = inWorld({ as: 'ana', edgeEnv: { POSTERN_STATE_DIR: folder } });

  async function scrape(): Promise<string> {
    const [status, text] = await askAdmin(world, '/metrics');
    assert.equal(status, 200);
    return text;
  }

  /** The value of a series, as it is written. */
  async function read(series: string): Promise<number> {
    const line = (await scrape()).split('\n').find((text) => text.startsWith(`${series} `));
    assert.ok(line !== undefined, `there is no ${series}`);
    return Number(line.slice(series.length + 1));
  }

  /** By how much series have grown after something was done; waits until each has. */
  async function growth(series: Readonly<Record<string, number>>, act: () => Promise<unknown>): Promise<void> {
    const before = await Promise.all(Object.keys(series).map(read));
    await act();
    for (const [at, [name, by]] of Object.entries(series).entries())
      await until(async () => (await read(name)) >= (before[at] as number) + by);
    const after = await Promise.all(Object.keys(series).map(read));
    assert.deepEqual(
      after.map((value, at) => value - (before[at] as number)),
      Object.values(series),
    );
  }

  overEach(world, () => {
    test('count a request by method and status, its durations and its bytes', async () => {
      await growth(
        {
          'postern_requests_total{method="unsafe",status="2xx"}': 1,
          'postern_gate_decisions_total{decision="forward"}': 1,
          postern_gate_duration_seconds_count: 1,
          postern_target_first_byte_seconds_count: 1,
          postern_request_duration_seconds_count: 1,
          postern_received_bytes_total: 10,
        },
        () => ana.fetch(`${world.url}/echo`, { method: 'POST', body: '0123456789' }),
      );
      const before = await read('postern_sent_bytes_total');
      const { bytes } = await ana.fetch(`${world.url}/echo`);
      await until(async () => (await read('postern_sent_bytes_total')) === before + bytes.length);
    });

    test('count refusals by their code', async () => {
      await growth(
        {
          'postern_requests_total{method="safe",status="4xx"}': 1,
          'postern_gate_decisions_total{decision="ERR_LOGIN_REQUIRED"}': 1,
          'postern_refusals_total{code="ERR_LOGIN_REQUIRED"}': 1,
        },
        () => world.visitor().fetch(`${world.url}/`),
      );
    });

    test('know what is open, and of what kind', async () => {
      const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws/chat`);
      await until(async () => (await read('postern_websockets_open')) === 1);
      const stream = await ana.stream(`${world.url}/sse?n=2&key=metrics`);
      await until(async () => (await read('postern_event_streams_open')) === 1);
      assert.equal(await read('postern_requests_open'), 2);
      stream.request.destroy();
      socket.close();
      await until(async () => (await read('postern_requests_open')) === 0);
      assert.equal(await read('postern_event_streams_open'), 0);
      assert.equal(await read('postern_websockets_open'), 0);
    });
  });

  test('count sign-ins by their outcome', async () => {
    await growth({ 'postern_sign_ins_total{outcome="success"}': 1, postern_visitors: 1 }, () => world.signedIn('bob'));
  });

  test('count sign-ins that fail by their code', async () => {
    const stranger = world.visitor();
    const begun = await stranger.navigate(`${world.base}/oauth2/start?rd=%2F`);
    const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'login_required', state, iss: world.issuer });
    await growth({ 'postern_sign_ins_total{outcome="ERR_LOGIN_FAILED"}': 1 }, () =>
      stranger.navigate(`${world.base}/oauth2/callback?${query}`),
    );
  });

  test('count offers by their outcome, tunnels and links', async () => {
    await growth({ 'postern_agent_offers_total{outcome="ERR_TOKEN_INVALID"}': 1 }, async () => {
      const refused = await world.offer({ name: 'dev-refused', token: 'postern_v1_wrong' });
      await refused.exited;
    });
    const more = {
      'postern_agent_offers_total{outcome="accepted"}': 1,
      postern_tunnels: 1,
      postern_links: 1,
    };
    await growth(more, () => world.startAgent({ name: 'dev-more' }));
    await world.agent.kill();
    await until(async () => (await read('postern_tunnels')) === 1 && (await read('postern_links')) === 1);
  });

  test('know how links, store, process and event loop are', async () => {
    await until(async () => (await read('postern_link_round_trip_seconds_count')) > 0);
    await until(async () => (await read('postern_event_loop_delay_seconds_count')) > 0);
    for (const name of [
      'postern_ready',
      'postern_audit_writable',
      'postern_connections',
      'postern_link_received_bytes_total',
      'postern_link_sent_bytes_total',
      'postern_store_journal_bytes',
      'postern_store_entries{kind="name"}',
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'nodejs_heap_size_used_bytes',
    ])
      assert.ok((await read(name)) > 0, name);
    assert.equal(await read('postern_store_write_failures_total'), 0);
    assert.equal(await read('postern_output_lines_dropped_total'), 0);
    assert.match(await scrape(), /^postern_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1$/m);
    assert.doesNotMatch(await scrape(), /^postern_tls_not_after/m); // another program would end TLS
  });

  test('L13 name no person, no address, no tunnel and no path', async () => {
    await ana.fetch(`${world.url}/a-path-of-the-app?secret=query`);
    await world.signedIn('eve').catch(() => {}); // is refused
    const text = await scrape();
    for (const word of ['ana', 'bob', 'eve', 'acme', 'elsewhere', 'demo', 'localhost', '127.0.0.1', 'a-path', 'secret'])
      assert.doesNotMatch(text, new RegExp(`["=/@ ]${word}\\b`), word);
    const labels = new Set([...text.matchAll(/[{,]([a-z_]+)="/g)].map(([, name]) => name));
    const known = [
      'version',
      'node',
      'le',
      'method',
      'status',
      'decision',
      'code',
      'by',
      'outcome',
      'budget',
      'kind',
      'reason',
      'side',
      'state',
    ];
    assert.deepEqual([...labels].sort(), known.sort());
  });

  test('are there for a scraper that adds parameters, as health is for a probe', async () => {
    for (const path of ['/metrics?module=edge', '/healthz?verbose', '/readyz?'])
      assert.equal((await askAdmin(world, path))[0], 200, path);
  });

  test('are as promtool wants them', { skip: promtoolMissing() }, async () => {
    assert.deepEqual(promtool(['check', 'metrics'], { input: await scrape() }), { status: 0, output: '' });
  });
});
