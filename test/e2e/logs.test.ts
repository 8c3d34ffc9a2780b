/**
 * What the programs write: one line for each request and each decision, joined by the request id to what the visitor and
 * the target saw; an audit stream of who was let in where; and in all of it nothing that could let anybody in.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { Line, Program } from '../support/processes.js';
import type { Echo } from '../support/target-paths.js';
import { type Answer, rawExchange, type Visitor } from '../support/visitor.js';
import { readAnswer } from '../support/wire.js';
import { startWorld, type World } from '../support/world.js';

describe('logs', () => {
  let world: World;
  let ana: Visitor;
  let eve: Visitor;
  /** Every token that was made, every program that was started: for the search at the end. */
  const tokens: string[] = [];
  const programs = new Set<Program>();
  const visitors: Visitor[] = [];
  const answers: Answer[] = [];

  before(async () => {
    world = await startWorld({ edgeEnv: { POSTERN_LOG_LEVEL: 'debug' } });
    await world.agent.kill();
    await startAgent();
    ana = keep(world.visitor());
    eve = keep(world.visitor());
    answers.push(await ana.signIn(`${world.url}/`, 'ana'), await eve.signIn(`${world.url}/`, 'eve'));
  });
  after(async () => world?.close());

  function keep(visitor: Visitor): Visitor {
    visitors.push(visitor);
    return visitor;
  }

  async function startAgent(): Promise<void> {
    const token = await world.token();
    tokens.push(token);
    await world.startAgent({ token, args: ['--log-level', 'debug'] });
    for (const program of [world.edge, world.agent, world.provider, world.target.program]) programs.add(program);
  }

  /** The lines of a request, once its last one is there. */
  async function linesOf(requestId: unknown): Promise<readonly Line[]> {
    assert.match(String(requestId), /^[\w-]{16,}$/);
    await world.edge.record((line) => line['msg'] === 'request' && line['requestId'] === requestId);
    return world.edge.records().filter((line) => line['requestId'] === requestId);
  }

  test('a forwarded request is one line, under the id that the target was given', async () => {
    const answer = await ana.fetch(`${world.url}/app/list?password=hunter2`, { method: 'POST', body: 'x' });
    const echo = answer.json() as Echo;
    const at = echo.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-request-id');
    const [line, ...more] = (await linesOf(echo.rawHeaders[at + 1])).filter(({ stream }) => stream !== 'audit');
    assert.deepEqual(more, []);
    const { level, method, path, status, host, address, code, durationMs } = line as Line;
    assert.deepEqual(
      { level, method, path, status, host, address, code },
      {
        level: 'info',
        method: 'POST',
        path: '/app/list',
        status: 200,
        host: new URL(world.url).hostname,
        address: '127.0.0.1',
        code: undefined,
      },
    );
    assert.equal(typeof durationMs, 'number');
  });

  test('a WebSocket is one line as well', async () => {
    const mark = world.edge.mark();
    const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws/chat`);
    socket.close(1000);
    const line = await world.edge.record(({ msg, path }) => msg === 'request' && path === '/ws/chat', mark);
    assert.deepEqual([line['status'], line['method']], [101, 'GET']);
  });

  test('a refusal has the same id in header, page, JSON and log, with its code', async () => {
    const page = await eve.navigate(`${world.url}/secret`);
    const json = await eve.fetch(`${world.url}/secret`);
    for (const answer of [page, json]) {
      const id = String(answer.headers['x-request-id']);
      assert.ok(answer.text.includes(id), answer.text);
      const lines = await linesOf(id);
      const request = lines.filter(({ msg }) => msg === 'request');
      const refused = lines.filter(({ msg }) => msg === 'refused');
      assert.deepEqual(
        request.map(({ status, code }) => [status, code]),
        [[403, 'ERR_ACCESS_DENIED']],
      );
      assert.deepEqual(
        refused.map(({ code, detail }) => [code, detail]),
        [['ERR_ACCESS_DENIED', 'refused: no-rule']],
      );
    }
    const stranger = keep(world.visitor());
    for (const answer of [await stranger.navigate(`${world.url}/x`), await stranger.fetch(`${world.url}/x`)]) {
      const lines = await linesOf(answer.headers['x-request-id']);
      assert.equal(lines.filter(({ msg }) => msg === 'request').length, 1);
    }
  });

  for (const [what, bytes, status, code] of [
    ['no HTTP', 'this is not HTTP\r\n\r\n', 400, 'ERR_BAD_REQUEST'],
    ['too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431, 'ERR_HEADERS_TOO_LARGE'],
  ] as const) {
    test(`bytes that never became a request, ${what}, have an id in header, page and log`, async () => {
      const answer = readAnswer(await rawExchange(world.port, bytes));
      const [id] = answer.values('x-request-id');
      assert.deepEqual([answer.status, answer.values('postern-error')], [status, [code]]);
      assert.ok(id !== undefined && answer.body.includes(id));
      const line = await world.edge.record(({ requestId }) => requestId === id);
      assert.deepEqual([line['msg'], line['status'], line['code']], ['malformed', status, code]);
      assert.equal(line['address'], '127.0.0.1');
    });
  }

  test('the audit stream says who signed in, who was let in by which rule, who was not and why', async () => {
    await ana.fetch(`${world.url}/again`);
    await eve.fetch(`${world.url}/again`);
    const audit = world.audit();
    const of = (event: string, email: string) =>
      audit.filter((line) => line['event'] === event && line['email'] === email);
    assert.equal(of('sign-in', 'ana@acme.com').length, 1);
    assert.equal(of('sign-in', 'eve@elsewhere.test').length, 1);
    const allowed = of('allow', 'ana@acme.com');
    assert.deepEqual(
      allowed.map(({ rule, host }) => [rule, host]),
      [['@acme.com', new URL(world.url).hostname]],
    );
    assert.deepEqual(of('allow', 'eve@elsewhere.test'), []);
    const denied = of('deny', 'eve@elsewhere.test');
    assert.ok(denied.length > 0);
    for (const { reason, host, requestId } of denied) {
      assert.deepEqual([reason, host], ['no-rule', new URL(world.url).hostname]);
      assert.equal(typeof requestId, 'string');
    }
    // The sign-in and what it opened are told as one session, by an id that opens nothing.
    assert.equal(allowed[0]?.['session'], of('sign-in', 'ana@acme.com')[0]?.['session']);
  });

  test('the audit stream says which tunnel came and went, by whose token', async () => {
    const mark = world.edge.mark();
    await world.agent.kill();
    const down = await world.edge.record(({ event }) => event === 'tunnel-down', mark);
    await startAgent();
    const up = await world.edge.record(({ event }) => event === 'tunnel-up', mark);
    for (const line of [down, up]) {
      assert.deepEqual([line['stream'], line['tunnel'], line['owner']], ['audit', world.name, 'dev@acme.com']);
    }
    assert.match(String(up['tokenId']), /^[\w-]{8,}$/);
    assert.match(String(down['reason']), /./);
  });

  test('every line of the edge is one JSON object with a level, a time and a message', async () => {
    for (const line of world.edge.stdout.split('\n')) {
      const { level, time, msg } = JSON.parse(line) as Line;
      assert.match(String(level), /^(debug|info|warn|error)$/);
      assert.ok(!Number.isNaN(Date.parse(String(time))), line);
      assert.equal(typeof msg, 'string');
    }
    assert.equal(world.edge.stderr, '');
  });

  test('nothing that could let anybody in is written anywhere', async () => {
    const secrets = new Map<string, string>([
      ['the secret of the edge', world.secret],
      ['the secret of the client', 'client-secret'],
    ]);
    for (const [index, token] of tokens.entries()) secrets.set(`agent token ${index}`, token);
    await misbehave(secrets);

    const echo = (await ana.fetch(`${world.url}/echo`)).json() as Echo;
    const assertion = echo.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-postern-assertion');
    secrets.set('assertion', String(echo.rawHeaders[assertion + 1]));
    for (const { trail } of answers) collectParameters(trail, secrets);
    for (const [index, visitor] of visitors.entries()) {
      for (const { name, value } of visitor.jar.all()) secrets.set(`cookie ${name} of visitor ${index}`, value);
    }
    for (const kind of ['assertion', 'code', 'state', 'ticket', 'cookie', 'agent token']) {
      assert.ok(
        [...secrets.keys()].some((name) => name.includes(kind)),
        `the run made no ${kind}`,
      );
    }

    for (const { name, stdout, stderr } of programs) {
      const output = stdout + stderr;
      for (const [what, secret] of secrets) {
        assert.ok(secret.length >= 8, `${what} is too short to be looked for`);
        for (const part of [secret, encodeURIComponent(secret), secret.split('.').at(-1) ?? secret]) {
          const at = output.indexOf(part);
          assert.equal(at, -1, `${name} wrote ${what}: ${output.slice(Math.max(0, at - 300), at + 100)}`);
        }
      }
    }
  });

  /** What goes wrong writes the most: forged, replayed and misplaced secrets, and processes that are not there. */
  async function misbehave(secrets: Map<string, string>): Promise<void> {
    const replayed = answers[0]?.trail ?? [];
    for (const url of replayed) answers.push(await keep(world.visitor()).navigate(url));
    const session = ana.jar.cookies(world.url).find(({ name }) => name.includes('postern-session'));
    const forged = `${session?.value.slice(0, -8)}forged-1`;
    secrets.set('a forged cookie', forged);
    await world.visitor().fetch(`${world.url}/`, { headers: { cookie: `${session?.name}=${forged}` } });
    // Where they do not belong: in queries of the edge's own paths.
    await ana.fetch(`${world.base}/oauth2/callback?code=${tokens[0]}&state=${session?.value}`);
    await ana.navigate(`${world.base}/oauth2/start?rd=${encodeURIComponent(`${world.url}/?ticket=${tokens[0]}`)}`);
    await ana.navigate(`${world.url}/.postern/session?ticket=${tokens[0]}`);
    const wrong = [`${tokens[0]?.slice(0, -8)}forged-2`, `postern_${randomUUID()}`];
    for (const [index, token] of wrong.entries()) {
      secrets.set(`wrong agent token ${index}`, token);
      await knock(token);
    }
    const serving = world.agent;
    const refused = await world.offer({ token: wrong[0] as string });
    programs.add(refused);
    await refused.exited;
    world.agent = serving;

    await world.provider.kill();
    const callback = replayed.find((url) => url.includes('/oauth2/callback')) as string;
    answers.push(await keep(world.visitor()).navigate(callback));
    await world.edge.kill();
    const mark = serving.mark();
    programs.add(await world.startEdge());
    await serving.record(({ event }) => event === 'online', mark);
    answers.push(await keep(world.visitor()).open(`${world.url}/`));
    programs.add(await world.startProvider());
    answers.push(await keep(world.visitor()).signIn(`${world.url}/deep?x=1`, 'ana'));
    await serving.kill();
    answers.push(await ana.navigate(`${world.url}/`));
    await startAgent();
  }

  function knock(token: string): Promise<void> {
    const link = new WebSocket(`ws://127.0.0.1:${world.port}/.postern/link`, ['postern.h2'], {
      headers: {
        host: new URL(world.base).host,
        authorization: `Bearer ${token}`,
        'postern-agent': randomUUID(),
        'postern-tunnel': token.slice(0, 40),
      },
    });
    return new Promise((resolve) => link.on('error', () => resolve()));
  }
});

/** The values of the parameters that are secrets, from every URL that a visitor was sent to. */
function collectParameters(trail: readonly string[], secrets: Map<string, string>): void {
  for (const url of trail) {
    for (const [name, value] of new URL(url).searchParams) {
      if (/^(code|state|ticket|nonce|code_verifier|id_token_hint)$/.test(name))
        secrets.set(`${name} ${value.slice(-6)}`, value);
    }
  }
}
