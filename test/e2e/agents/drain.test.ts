/**
 * Stopping in order: what runs is finished, what is new is turned away in words, the exit code says how it went. And
 * starting: an address that cannot be had is one sentence.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { isWhole, startEvents } from '../../support/moments.js';
import { freePort, type Program, runPostern } from '../../support/processes.js';
import { Transcript } from '../../support/transcript.js';
import type { World } from '../../support/world.js';

describe('stopping', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });

  test('an edge that is told to stop finishes what runs, turns away what is new, and ends with 0', async () => {
    assert.deepEqual(await admin(world, '/readyz'), [200, 'ready\n']);
    const download = await ana.stream(`${world.url}/bytes?n=50000000&chunked`);
    const events = await startEvents(ana, `${world.url}/sse?n=3&key=drained`);
    const token = await world.token();
    // Connections whose request has begun: the only ones on which anything new can still arrive.
    const offer = await begin(world, `GET /.postern/link HTTP/1.1\r\nHost: ${new URL(world.base).host}\r\n`);
    const page = await begin(world, `GET / HTTP/1.1\r\nHost: ${new URL(world.url).host}\r\n`);
    // One that the edge has not read from yet would be idle, and closed: what came before this request was read before it.
    assert.deepEqual(await admin(world, '/readyz'), [200, 'ready\n']);

    world.edge.signal('SIGTERM');
    await world.edge.record(({ msg }) => msg === 'edge drains');
    assert.deepEqual(await admin(world, '/readyz'), [503, 'draining\n']);
    const [status, healthz] = await admin(world, '/healthz');
    assert.match(`${status} ${healthz}`, /^200 ok\n(?:nodes: .*\n)?$/); // the line of nodes where it is one of two (`NODES=2`)
    await assert.rejects(world.visitor().fetch(`${world.url}/`), { code: 'ECONNREFUSED' });
    const refusal = await offer.finish([
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: postern.h2',
      'Postern-Agent: aaaaaaaaaaaaaaaaaaaa',
      `Authorization: Bearer ${token}`,
    ]);
    assert.match(refusal, /^HTTP\/1\.1 503 /);
    assert.match(refusal, /\r\nPostern-Error: ERR_EDGE_DRAINING\r\n/);
    assert.match(refusal, /"retryable":true/);
    const offline = await page.finish([`Cookie: ${ana.jar.header(new URL(world.url))}`, 'Connection: close']);
    assert.match(offline, /^HTTP\/1\.1 503 .*\r\nPostern-Error: ERR_TUNNEL_OFFLINE\r\n/s);

    await world.target.release('drained');
    await events.says('event 1');
    await world.target.release('drained');
    assert.equal(await events.ended, undefined);
    assert.equal(await isWhole(download), true);
    assert.deepEqual(await world.edge.exited, { code: 0, signal: null });
    assert.equal(world.edge.records().at(-1)?.['msg'], 'edge down');
  });

  test('what runs longer than POSTERN_DRAIN is cut, a WebSocket with 1012', async () => {
    await restart(world, { POSTERN_DRAIN: '1s' });
    const events = await startEvents(ana, `${world.url}/sse?key=late`);
    const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws`);
    const closed = once(socket, 'close');
    world.edge.signal('SIGTERM');
    assert.equal((await closed)[0], 1012);
    assert.ok((await events.ended) instanceof Error, 'the event stream must break');
    assert.deepEqual(await world.edge.exited, { code: 0, signal: null });
  });

  test('a second signal ends the edge at once', async () => {
    await restart(world);
    const events = await startEvents(ana, `${world.url}/sse?key=cut`);
    const body = new PassThrough();
    body.write('the first half');
    const broken = assert.rejects(ana.fetch(`${world.url}/upload?cut`, { method: 'POST', body }));
    await world.target.event('request', '/upload?cut');
    world.edge.signal('SIGTERM');
    await world.edge.record(({ msg }) => msg === 'edge drains');
    world.edge.signal('SIGTERM');
    assert.deepEqual(await world.edge.exited, { code: 143, signal: null });
    assert.ok((await events.ended) instanceof Error, 'the event stream must break');
    await broken;
    await world.target.event('aborted', '/upload?cut'); // and is not taken for a whole one
  });

  test('an agent dials again as soon as its edge drains, and finishes on the old link what runs there', async () => {
    const draining = await restart(world);
    const events = await startEvents(ana, `${world.url}/sse?n=2&key=moved`);

    const moved = world.agent.mark();
    draining.signal('SIGTERM');
    await draining.record(({ msg }) => msg === 'edge drains');
    const POSTERN_ADMIN_LISTEN = `127.0.0.1:${await freePort()}`;
    await world.startEdge({ POSTERN_ADMIN_LISTEN }); // the port of the front door is free from the first moment on
    await world.agent.record(({ event }) => event === 'online', moved);
    assert.equal((await ana.fetch(`${world.url}/new`)).status, 200);

    await world.target.release('moved');
    await events.says('event 1');
    assert.equal(await events.ended, undefined);
    assert.deepEqual(await draining.exited, { code: 0, signal: null });
    assert.equal((await ana.fetch(`${world.url}/still`)).status, 200);
  });

  test('an agent that is interrupted finishes what runs, takes nothing new and ends with 130', async () => {
    const events = await startEvents(ana, `${world.url}/sse?key=interrupted`);
    const held = ana.fetch(`${world.url}/held?key=interrupted-held`);
    await world.target.event('request', '/held?key=interrupted-held');
    const socket = await ana.socket(`${world.url.replace('http', 'ws')}/ws`);
    const closed = once(socket, 'close');

    world.agent.signal('SIGINT');
    // What would never end by itself is cut: a browser opens its event stream again, a page is told to open its WebSocket again.
    assert.equal((await closed)[0], 1012);
    assert.ok((await events.ended) instanceof Error, 'the event stream must break');
    const refused = await ana.fetch(`${world.url}/new`);
    assert.deepEqual([refused.status, refused.headers['postern-error']], [503, 'ERR_TUNNEL_OFFLINE']);
    await world.target.release('interrupted-held');
    assert.equal((await held).text, 'held');
    assert.deepEqual(await world.agent.exited, { code: 130, signal: null });
  });

  test('a second signal ends the agent at once', async () => {
    await world.startAgent();
    const held = ana.fetch(`${world.url}/held?key=cut-by-agent`);
    await world.target.event('request', '/held?key=cut-by-agent');
    world.agent.signal('SIGTERM');
    await world.agent.complaint('finishing');
    world.agent.signal('SIGTERM');
    assert.deepEqual(await world.agent.exited, { code: 143, signal: null });
    assert.equal((await held).headers['postern-error'], 'ERR_LINK_LOST');
  });

  // Ctrl-C and arrow-up, a restart by systemd.
  test('an agent that is stopped while a request runs gives its name to the next agent of its owner at once, and to no other owner', async () => {
    const stopped = world.agent.ended === undefined ? world.agent : await world.startAgent();
    const held = ana.fetch(`${world.url}/held?key=stopped`);
    await world.target.event('request', '/held?key=stopped');
    stopped.signal('SIGINT');
    await stopped.complaint('finishing');

    const stranger = await world.offer({ token: await world.token({ owner: 'bob@acme.com' }) });
    assert.deepEqual(await stranger.exited, { code: 4, signal: null });
    assert.equal(stranger.records().at(-1)?.['code'], 'ERR_NAME_TAKEN');

    const mark = world.edge.mark();
    const next = await world.startAgent();
    assert.equal((await ana.fetch(`${world.url}/new`)).status, 200);
    assert.equal(stopped.ended, undefined, 'the request still runs on the old link');

    await world.target.release('stopped');
    assert.equal((await held).text, 'held');
    assert.deepEqual(await stopped.exited, { code: 130, signal: null });
    // The end of the old link is not the end of the tunnel.
    assert.equal((await ana.fetch(`${world.url}/still`)).status, 200);
    assert.equal(next.ended, undefined);
    const seen = world.audit(mark).map(({ event }) => event);
    assert.deepEqual([seen.filter((event) => event === 'tunnel-up').length, seen.includes('tunnel-down')], [1, false]);
  });

  test('a port that is taken is one sentence with the option, and nothing is half-started', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const free = await freePort();
    for (const [busy, other] of [
      ['POSTERN_LISTEN', 'POSTERN_ADMIN_LISTEN'],
      ['POSTERN_ADMIN_LISTEN', 'POSTERN_LISTEN'],
    ] as const) {
      const env = { ...world.edgeEnv(), [busy]: `127.0.0.1:${port}`, [other]: `127.0.0.1:${free}` };
      const { exit, stdout, stderr } = await runPostern(['edge'], env);
      assert.deepEqual(exit, { code: 1, signal: null });
      assert.match(stderr, new RegExp(`^postern: ${busy}: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*\\.\\n$`));
      assert.doesNotMatch(stdout, /edge up/);
    }
    taken.close();
  });
});

/** Starts the edge again after it has ended, and waits for its agent. */
async function restart(world: World, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  await world.edge.exited;
  const mark = world.agent.mark();
  const edge = await world.startEdge(env);
  await world.agent.record(({ event }) => event === 'online', mark);
  return edge;
}

async function admin(world: World, path: string): Promise<[status: number | undefined, text: string]> {
  const [response] = await once(get(world.adminUrl + path, { agent: false }), 'response');
  return [response.statusCode, await text(response)];
}

/** Sends the beginning of a request's head; `finish` sends the rest and gives all that comes back. */
async function begin(world: World, head: string): Promise<{ finish(lines: string[]): Promise<string> }> {
  const socket: Socket = connect(world.port, '127.0.0.1');
  await once(socket, 'connect');
  await new Promise((resolve) => socket.write(head, resolve));
  const response = new Transcript(socket);
  return {
    finish: async (lines) => {
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      await response.ended;
      return response.text;
    },
  };
}
