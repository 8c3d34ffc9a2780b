/**
 * Availability: slow senders, floods, anonymous work and input made to be expensive. Through all of it a canary, a visitor
 * who is signed in, gets her answers; what strangers cause is bounded and reaches neither agent nor provider.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { dial } from '../../support/hostile-clients.js';
import type { HostileProvider } from '../../support/hostile-provider.js';
import { type HostileWorld, sessionsSet, startHostileWorld } from '../../support/hostile-world.js';
import { isWhole } from '../../support/moments.js';
import { compiled, Program } from '../../support/processes.js';
import { Transcript } from '../../support/transcript.js';
import { overEach } from '../../support/versions.js';
import { type OpenResponse, rawExchange, type Visitor } from '../../support/visitor.js';
import { sendLines } from '../../support/wire.js';
import { startWorld, type World } from '../../support/world.js';

describe('the edge under attack', { concurrency: 1 }, () => {
  let hostile: HostileWorld;
  let world: World;
  let provider: HostileProvider;
  let ana: Visitor;

  before(async () => {
    hostile = await startHostileWorld();
    ({ world, op: provider } = hostile);
    ana = world.visitor();
    assert.equal((await ana.open(`${world.url}/`)).status, 200);
    await canary();
  });
  after(async () => {
    await hostile?.close();
  });

  async function canary(): Promise<void> {
    const answers = await Promise.all(Array.from({ length: 5 }, () => ana.fetch(`${world.url}/canary`)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  }

  const host = () => `Host: ${new URL(world.url).host}`;

  test('M1 heads that never come to their end are cut with 408, and so is silence', async () => {
    const beginnings = ['', 'G', 'GET / HTTP/1.1\r\n', `GET / HTTP/1.1\r\n${host()}\r\nX-Slow: `];
    const slow = beginnings.flatMap((text) => Array.from({ length: 75 }, () => trickle(world.port, text, 'x')));
    await canary();
    const heard = await Promise.all(slow);
    await canary();
    const begun = heard.slice(150).map((text) => /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
    assert.deepEqual([...new Set(begun)], ['408']);
    assert.match(heard.at(-1) ?? '', /\r\nPostern-Error: ERR_REQUEST_TIMEOUT\r\n/);
  });

  test('M1 a slow body of a stranger is not waited for', async () => {
    const head = `POST /slow-body HTTP/1.1\r\n${host()}\r\nContent-Length: 100000\r\n\r\n`;
    const heard = await Promise.all(Array.from({ length: 50 }, () => trickle(world.port, head, 'x')));
    for (const text of heard) assert.match(text, /^HTTP\/1\.1 401 .*\r\nConnection: close\r\n/s);
    await canary();
  });

  overEach(
    () => world,
    () => {
      test('M1 a stranger’s body for a path of the edge itself is not read without end', async () => {
        const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
        const lines = ['POST /.postern/session HTTP/1.1', host(), 'Content-Type: text/plain'];
        const heard = await sendLines(world.port, [...lines, 'Transfer-Encoding: chunked'], chunk.repeat(4));
        assert.deepEqual([heard.status, heard.values('postern-error')], [400, ['ERR_BAD_REQUEST']]);
        await canary();
      });
    },
  );

  test('M1 visitors who do not read what they asked for hold up nobody', async () => {
    const unread = await Promise.all(Array.from({ length: 30 }, () => ana.stream(`${world.url}/bytes?n=50000000`)));
    await canary();
    const [first, ...others] = unread as [OpenResponse, ...OpenResponse[]];
    for (const { body } of others) body.destroy();
    assert.equal(await isWhole(first), true, 'what was not read for a while is whole when it is');
  });

  test('M2 two thousand idle connections hold up nobody', async () => {
    const idle = await dial(world, 2_000);
    await canary();
    assert.equal((await ana.fetch(`${world.url}/upload`, { method: 'POST', body: Buffer.alloc(100_000) })).status, 200);
    for (const socket of idle) socket.destroy();
    await canary();
  });

  test('M3 a flood of strangers reaches neither the agent nor the provider, and leaves nothing behind', async () => {
    await world.target.forget();
    const asked = { ...provider.asked };
    const stranger = world.visitor();
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          const url = `${world.url}/flood/${round}/${at}`;
          const { status } =
            at % 2 ? await stranger.navigate(url) : await stranger.fetch(url, { method: 'POST', body: 'x' });
          assert.ok(status === 302 || status === 401, String(status));
        }),
      );
    }
    assert.deepEqual(await world.target.seen(), []);
    assert.deepEqual(provider.asked, asked);
    const ours = stranger.jar.all().filter(({ name }) => /postern/.test(name));
    assert.deepEqual(
      ours.map(({ name }) => name),
      ['postern-nonce'],
    ); // one for all of them
    await canary();
  });

  test('M4 a flood of sign-ins ends in 429, keeps nothing, and asks the provider for nothing', async () => {
    const asked = { ...provider.asked };
    const flooder = world.visitor();
    const statuses: number[] = [];
    for (let count = 0; count < 200; count++) {
      flooder.jar.clear();
      statuses.push((await flooder.navigate(`${world.base}/oauth2/start?rd=%2F`)).status);
    }
    assert.deepEqual([statuses.filter((status) => status === 302).length, statuses.at(-1)], [120, 429]);
    assert.deepEqual(provider.asked, asked);
    // A browser that goes on and on: its cookies stay few, whatever it started.
    const again = world.visitor();
    for (let count = 0; count < 100; count++) await again.navigate(`${world.base}/oauth2/start?rd=%2F${count}`);
    const started = again.jar.all().filter(({ name }) => name.includes('signin'));
    assert.ok(started.length <= 5 && again.jar.header(new URL(world.base)).length < 4_096);
    // Clients of other addresses are not affected.
    assert.equal((await world.visitor().navigate(`${world.base}/oauth2/start?rd=%2F`)).status, 302);
    await canary();
  });

  test('M4 a page of another site that leads to sign-ins without end does not keep the others of its address from theirs', async () => {
    const led = world.visitor();
    const elsewhere = { initiator: 'https://elsewhere.test' };
    const start = `${world.base}/oauth2/start?rd=%2F`;
    for (let count = 0; count < 120; count++) {
      led.jar.clear();
      await led.navigate(start, elsewhere);
    }
    const stopped = await led.navigate(start, elsewhere);
    assert.deepEqual([stopped.status, />Go on</.test(stopped.text)], [429, true]);
    assert.equal((await led.navigate(start, { initiator: world.base })).status, 302);
    assert.equal((await led.navigate(start)).status, 302);
  });

  test('M4 strangers who know the state of a sign-in neither use it up nor reach the provider with it', async () => {
    const visitor = world.visitor();
    const callback = await hostile.callback(visitor);
    const asked = { ...provider.asked };
    const stranger = world.visitor();
    const statuses = new Set<number>();
    for (let count = 0; count < 60; count++) {
      await stranger.navigate(`${world.base}/oauth2/start?rd=%2F`); // has a sign-in of its own under way
      statuses.add((await stranger.navigate(callback.href)).status);
    }
    assert.deepEqual([...statuses], [400]);
    assert.deepEqual(provider.asked, asked);
    assert.equal(sessionsSet(await visitor.navigate(callback.href)).length, 1);
    await canary();
  });

  test('M5 what breaks in the middle of an exchange, on either side, is no error of the edge or the agent', async () => {
    const broken = ['/die', '/die?chunked', '/die-first', '/nonsense', '/refuse-body'];
    for (const path of broken) {
      await ana.fetch(world.url + path, { method: 'POST', body: Buffer.alloc(200_000) }).catch(() => undefined); // broken
    }
    for (const path of ['/held?left', '/hang-after-head', '/bytes?n=50000000', '/sse?key=left']) {
      const left = new AbortController();
      const asked = ana.fetch(world.url + path, { signal: left.signal });
      await world.target.event('request', path);
      left.abort();
      await assert.rejects(asked);
      await world.target.event('aborted', path);
    }
    const raw = connect(world.port, '127.0.0.1');
    raw.on('error', () => {}); // ours to break
    raw.write(
      `POST / HTTP/1.1\r\n${host()}\r\nCookie: ${ana.jar.header(new URL(world.url))}\r\nContent-Length: 9\r\n\r\n1`,
    );
    raw.resetAndDestroy();
    await canary();
    for (const program of [world.edge, world.agent]) {
      assert.deepEqual([program.ended, program.stderr], [undefined, ''], program.name);
      const own = program.records().filter(({ level, code }) => level === 'error' || code === 'ERR_INTERNAL');
      assert.deepEqual(own, []);
    }
  });

  for (const [what, lines] of [
    ['a long row of labels', ['GET / HTTP/1.1', `Host: ${'a-b-c-'.repeat(1_300)}`]],
    [
      'nested query keys',
      [`GET /oauth2/start?${'a[b]'.repeat(8_000)}=1 HTTP/1.1`, 'Host: {base}', 'Accept: text/html'],
    ],
    [
      'a storm of percent signs',
      [`GET /oauth2/start?rd=${'%'.repeat(60_000)} HTTP/1.1`, 'Host: {base}', 'Accept: text/html'],
    ],
    ['a storm of escapes', [`GET /${'%2e%2f'.repeat(10_000)} HTTP/1.1`, 'Host: {tunnel}']],
    ['a cookie of semicolons', ['GET / HTTP/1.1', 'Host: {tunnel}', `Cookie: ${'; '.repeat(30_000)}`]],
    ['a cookie of our names', ['GET / HTTP/1.1', 'Host: {tunnel}', `Cookie: ${'postern-session=x; '.repeat(3_000)}`]],
    ['Accept of commas', ['GET / HTTP/1.1', 'Host: {tunnel}', `Accept: ${', '.repeat(30_000)}`]],
    ['a Connection of commas', ['GET / HTTP/1.1', 'Host: {tunnel}', `Connection: close${', '.repeat(30_000)}`]],
    [
      'blanks in a protocol list',
      ['GET /ws HTTP/1.1', 'Host: {tunnel}', `Sec-WebSocket-Protocol: a${' '.repeat(60_000)}b`],
    ],
  ] as const) {
    test(`M6 ${what} is answered as anything else`, async () => {
      const places = { base: new URL(world.base).host, tunnel: new URL(world.url).host };
      const filled = lines.map((line) => line.replace('{base}', places.base).replace('{tunnel}', places.tunnel));
      const { status } = await sendLines(world.port, [...filled, 'Connection: close']);
      assert.ok(status < 500, String(status));
      await canary();
    });
  }

  test('M7 ten thousand keys made to collide are not put into a table', async () => {
    const keys = Array.from({ length: 9_000 }, (_, at) => at).join('=&');
    const lines = [`GET /oauth2/start?${keys} HTTP/1.1`, `Host: ${new URL(world.base).host}`, 'Accept: text/html'];
    assert.ok((await sendLines(world.port, [...lines, 'Connection: close'])).status < 500);
    const names = Array.from({ length: 1_100 }, (_, at) => `${at}: x`);
    const many = await sendLines(world.port, ['GET / HTTP/1.1', host(), ...names, 'Connection: close']);
    assert.deepEqual([many.status, many.values('postern-error')], [431, ['ERR_HEADERS_TOO_LARGE']]);
    await canary();
  });

  test('M7 a head without end is cut at 64 KiB', async () => {
    const heard = await rawExchange(world.port, `GET / HTTP/1.1\r\n${host()}\r\n${'X: y\r\n'.repeat(100_000)}`);
    assert.match(heard, /^HTTP\/1\.1 431 .*\r\nPostern-Error: ERR_HEADERS_TOO_LARGE\r\n/s);
    await canary();
  });
});

test('M8 a thousand agents are back after their edge was killed, and none is refused', async (t) => {
  const world = await startWorld({ tunnels: 'demo,many-*' });
  t.after(() => world.close());
  const ana = await world.signedIn('ana');
  const owners = Array.from({ length: 10 }, (_, at) => world.token({ owner: `dev-${at}@acme.com` }));
  const order = { edge: world.base, tokens: await Promise.all(owners), prefix: 'many-', count: 1_000 };
  const agents = new Program({
    name: 'many agents',
    script: compiled('./many-agents.js'),
    args: [JSON.stringify(order)],
  });
  t.after(() => agents.kill());
  await agents.record(({ online }) => online === order.count);
  const mark = agents.mark();
  const own = world.agent.mark();
  await world.edge.kill();
  await world.startEdge();
  const back = await agents.record(({ online }) => online === order.count, mark);
  assert.equal(back['refused'], 0);
  await world.agent.record(({ event }) => event === 'online', own);
  assert.equal((await ana.fetch(`${world.url}/`)).status, 200);
});

/** Says a beginning, then one byte every half second, until the edge has had enough; gives what it said. */
async function trickle(port: number, beginning: string, drop: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}); // cut: the transcript says so
  const heard = new Transcript(socket);
  await once(socket, 'connect');
  if (beginning !== '') socket.write(beginning);
  const dripping = setInterval(() => beginning !== '' && socket.writable && socket.write(drop), 500);
  await heard.ended;
  clearInterval(dripping);
  socket.destroy();
  return heard.text;
}
