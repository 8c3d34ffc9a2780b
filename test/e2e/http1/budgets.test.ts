/**
 * Budgets: a hostile client for each party of docs/budgets.md, beside a canary, a visitor who is signed in and served
 * throughout. Each attack is bounded by a count, so that no test waits for a clock.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { handshakeRequest } from '../../support/handshakes.js';
import { sending, unfinishedHead } from '../../support/hostile-clients.js';
import { inWorld } from '../../support/in-world.js';
import { knock } from '../../support/knock.js';
import { memoryOf } from '../../support/memory.js';
import { accepting, RawTarget } from '../../support/raw-target.js';
import { Transcript } from '../../support/transcript.js';
import { rawExchange, type VisitorResponse } from '../../support/visitor.js';

describe('the edge and a party that takes too much', { concurrency: 1 }, () => {
  // Lenient where Node is told to be: what it reads must be strict all the same.
  const { world, visitor: ana } = inWorld({ as: 'ana', edgeEnv: { NODE_OPTIONS: '--insecure-http-parser' } });

  afterEach(async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => ana.fetch(`${world.url}/canary`)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.deepEqual([world.edge.ended, world.edge.stderr], [undefined, '']);
  });

  const host = () => `Host: ${new URL(world.url).host}\r\n`;
  const own = () => `${host()}Cookie: ${ana.jar.header(new URL(world.url))}\r\n`;
  const overBudget = (budget: string, since: number) =>
    world.edge.record((line) => line['event'] === 'over-budget' && line['budget'] === budget, since);

  test('R1 sixteen requests wait on a connection, in order', async () => {
    const requests = Array.from({ length: 16 }, (_, at) => `GET /piped/${at} HTTP/1.1\r\n${own()}\r\n`);
    const socket = connect(world.port, '127.0.0.1');
    const heard = new Transcript(socket);
    socket.write(requests.join(''));
    await heard.says('"url":"/piped/15"');
    const order = [...heard.text.matchAll(/"url":"\/piped\/(\d+)"/g)].map(([, at]) => Number(at));
    assert.deepEqual(
      order,
      Array.from({ length: 16 }, (_, at) => at),
    );
    socket.destroy();
  });

  test('R1 the seventeenth closes the connection, and the log says so', async () => {
    const mark = world.edge.mark();
    const held = `GET /held?key=piped HTTP/1.1\r\n${own()}\r\n`;
    const request = `GET / HTTP/1.1\r\n${own()}\r\n`;
    await rawExchange(world.port, held + request.repeat(16)); // until the edge closes
    await overBudget('waiting requests', mark);
    await world.target.event('aborted', '/held?key=piped');
  });

  test('R1 thirteen megabytes of requests on an anonymous connection are dropped with it', async () => {
    const before = await memoryOf(world.edge.pid);
    const flood = `GET / HTTP/1.1\r\n${host()}\r\n`.repeat(13_000_000 / 40);
    for (let count = 0; count < 5; count++) await rawExchange(world.port, flood);
    const upload = `POST / HTTP/1.1\r\n${host()}Content-Length: 1\r\n\r\n`; // answered in stages, after its body
    for (let count = 0; count < 5; count++) await rawExchange(world.port, upload + flood);
    const grownBytes = (await memoryOf(world.edge.pid)) - before;
    assert.ok(grownBytes < 100_000_000, `${grownBytes} bytes`);
  });

  test('R1 heads that wait hold 64 KiB together', async () => {
    const large = `GET / HTTP/1.1\r\n${own()}X-Large: ${'x'.repeat(30_000)}\r\n\r\n`;
    await rawExchange(world.port, `GET /held?key=large HTTP/1.1\r\n${own()}\r\n${large.repeat(3)}`);
    await world.target.event('aborted', '/held?key=large');
  });

  test('R2 three hundred unfinished heads are cut down to what one address may hold', async () => {
    const mark = world.edge.mark();
    const before = await memoryOf(world.edge.pid);
    const head = unfinishedHead(host());
    const sockets = await Promise.all(Array.from({ length: 300 }, () => sending(world, head)));
    await overBudget('unfinished heads', mark);
    // 48 kB each: forty-three of them are left, and the others are closed long before their ten seconds are over.
    const cut = new Set<Socket>();
    await new Promise<void>((resolve) => {
      for (const socket of sockets) {
        const gone = () => cut.add(socket).size >= 250 && resolve();
        if (socket.destroyed) gone();
        else socket.once('close', gone);
      }
    });
    const grownBytes = (await memoryOf(world.edge.pid)) - before;
    assert.ok(grownBytes < 100_000_000, `${grownBytes} bytes`);
    for (const socket of sockets) socket.destroy();
  });

  test('R2 no head has more than a thousand lines, finished or not', async () => {
    const lines = 'a:\r\n'.repeat(15_000);
    const heard = await rawExchange(world.port, `GET / HTTP/1.1\r\n${host()}${lines}\r\n`, '\r\n\r\n');
    assert.match(heard, /^HTTP\/1\.1 431 .*\r\nPostern-Error: ERR_HEADERS_TOO_LARGE\r\n/s);
  });

  test('R3 what strangers cause in the audit record is one line for each kind and minute', async () => {
    const mark = world.edge.mark();
    const stranger = world.visitor();
    for (let count = 0; count < 40; count++) {
      await stranger.navigate(`${world.base}/oauth2/callback?state=${count}`); // of no sign-in: no record at all
      await knock(world, { token: `postern_${count}` });
    }
    for (let count = 0; count < 10; count++) {
      const begun = await stranger.navigate(`${world.base}/oauth2/start?rd=%2F`);
      const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? '';
      const query = new URLSearchParams({ error: 'login_required', state, iss: world.issuer });
      assert.notEqual((await stranger.navigate(`${world.base}/oauth2/callback?${query}`)).status, 200);
    }
    // The last of the kinds is there: those before it are.
    await world.edge.record((line) => line['event'] === 'sign-in-failed', mark);
    const refusals = world.audit(mark).filter(({ event }) => event === 'sign-in-failed' || event === 'offer-refused');
    const kinds = refusals.map(
      ({ event, code, count }) => `${event} ${code} ${count === undefined ? 'first' : 'count'}`,
    );
    assert.deepEqual(new Set(kinds).size, kinds.length, kinds.join('\n'));
    const firsts = kinds.filter((kind) => kind.endsWith(' first')).sort();
    assert.deepEqual(firsts, [
      'offer-refused ERR_RATE_LIMITED first',
      'offer-refused ERR_TOKEN_INVALID first',
      'sign-in-failed ERR_LOGIN_FAILED first',
    ]);
  });

  test('R7 a visitor with a thousand open requests shuts nobody out, and is told so', async () => {
    const bob = await world.signedIn('bob');
    const mark = world.edge.mark();
    const left = new AbortController();
    const asked = Array.from({ length: 1_000 }, (_, at) =>
      ana.fetch(`${world.url}/hang?share=${at}`, { signal: left.signal }).catch(() => undefined),
    );
    const refused = (await Promise.race([Promise.any(asked.map(isAnswered)), Promise.all(asked)])) as VisitorResponse;
    assert.deepEqual([refused.status, refused.headers['postern-error']], [503, 'ERR_TUNNEL_BUSY']);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    await overBudget('streams', mark);
    for (let count = 0; count < 20; count++) assert.equal((await bob.fetch(`${world.url}/canary`)).status, 200);
    left.abort();
    const answers = (await Promise.all(asked)).filter((response) => response !== undefined);
    assert.ok(answers.length <= 750 && answers.every(({ status }) => status === 503));
    await world.target.event('aborted', '/hang?share=0');
  });

  test('R8 WebSockets that the app ignores and their visitor leaves are gone at the target, and free their streams', async () => {
    const raw = await RawTarget.start();
    const agent = await world.startAgent({ name: 'dev-raw', targetUrl: raw.url });
    await ana.open(`${world.urlOf('dev-raw')}/`);
    const cookie = `Cookie: ${ana.jar.header(new URL(world.urlOf('dev-raw')))}`;
    const handshake = handshakeRequest(new URL(world.urlOf('dev-raw')).host, '/ignored', [cookie]);
    let open = 0;
    let heard: () => void = () => {};
    raw.answer('/ignored', (socket) => {
      open += 1;
      socket.on('close', () => {
        open -= 1;
        heard();
      });
      socket.resume();
      heard();
    });
    const openAre = (count: number) =>
      new Promise<void>((resolve) => {
        heard = () => open === count && resolve();
        heard();
      });
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      for (let round = 0; round < 3; round++) {
        // More in three rounds than one visitor may have at once: each is free again for the next.
        const sockets = await Promise.all(Array.from({ length: 120 }, () => sending(world, handshake)));
        await openAre(120);
        for (const socket of sockets) socket[leave]();
        await openAre(0);
      }
    }
    assert.equal((await ana.fetch(`${world.urlOf('dev-raw')}/canary`)).status, 200);
    await agent.terminate();
    await raw.close();
  });

  test('R8 what a WebSocket client sends ahead of the answer reaches the app', async () => {
    const raw = await RawTarget.start();
    const agent = await world.startAgent({ name: 'dev-raw', targetUrl: raw.url });
    await ana.open(`${world.urlOf('dev-raw')}/`);
    const cookie = `Cookie: ${ana.jar.header(new URL(world.urlOf('dev-raw')))}`;
    const handshake = handshakeRequest(new URL(world.urlOf('dev-raw')).host, '/late', [cookie]);
    const socket = await sending(world, handshake);
    raw.answer('/late', (target, head) => {
      socket.write('one', () => {
        // The edge reads it before the answer, or behind it: the app gets it either way.
        socket.write('two');
        target.write(accepting(head));
      });
      target.pipe(target);
    });
    const echoed = new Transcript(socket);
    await echoed.says('onetwo');
    socket.destroy();
    await agent.terminate();
    await raw.close();
  });

  test('R4 no option of Node makes the edge read HTTP loosely', async () => {
    const loose = [
      `GET / HTTP/1.1\r\n${host()}X-Control: a\x01b\r\nConnection: close\r\n\r\n`,
      `POST / HTTP/1.1\r\n${host()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
    ];
    for (const request of loose) assert.match(await rawExchange(world.port, request), /^HTTP\/1\.1 400 /);
    const admin = Number(new URL(world.adminUrl).port);
    assert.match(await rawExchange(admin, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x01b\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });
});

function isAnswered<Value>(asked: Promise<Value | undefined>): Promise<Value> {
  return asked.then((response) => response ?? Promise.reject(new Error('left')));
}
