/**
 * Two edges with one Redis are one edge: an agent at one of them is a tunnel at both, what one decides counts at the other, and
 * one that ends gives its agents to the other first.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { until } from '../../support/admin.js';
import { apiOf } from '../../support/api.js';
import { freePort, type Program } from '../../support/processes.js';
import { redisMissing, TestRedis } from '../../support/redis.js';
import type { Echo } from '../../support/target-paths.js';
import { startTargetProcess } from '../../support/target-remote.js';
import type { Visitor } from '../../support/visitor.js';
import { World } from '../../support/world.js';

interface Edge {
  readonly program: Program;
  readonly port: number;
  readonly admin: number;
}

/** Every connection to a port goes to the edge that a test has chosen. */
class Balancer {
  chosen = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    const edge = connect(this.chosen, '127.0.0.1');
    for (const [one, other] of [
      [socket, edge],
      [edge, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {}); // `close` follows
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });

  async start(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe('two edges with one store', { skip: redisMissing() }, () => {
  const redis = TestRedis.prepare();
  const world = new World({ allow: ['@acme.com'], backchannelLogout: true });
  const balancer = new Balancer();
  let one: Edge;
  let two: Edge;

  const start = async (): Promise<Edge> => {
    const [port, admin] = [await freePort(), await freePort()];
    const program = await world.startEdge({
      ...{ POSTERN_LISTEN: `127.0.0.1:${port}`, POSTERN_ADMIN_LISTEN: `127.0.0.1:${admin}` },
      ...{ POSTERN_STORE_URL: redis.url, POSTERN_PEER_LISTEN: 'https://127.0.0.1:0', POSTERN_DRAIN: '2s' },
    });
    return { program, port, admin };
  };
  const metricsOf = async ({ admin }: Edge) => (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  const notesOf = async ({ admin }: Edge) => (await fetch(`http://127.0.0.1:${admin}/healthz`)).text();
  /** A visitor whose connections are at this edge. */
  const at = async <T>(edge: Edge, made: () => Promise<T>): Promise<T> => {
    balancer.chosen = edge.port;
    return await made();
  };

  before(async () => {
    const port = await freePort();
    world.ports = { edge: port, front: port, admin: 0, provider: await freePort() };
    await Promise.all([redis.restart(), balancer.start(port)]);
    world.target = await startTargetProcess({ port: await freePort() });
    await world.startProvider();
    [one, two] = [await start(), await start()];
    await at(one, () => world.startAgent());
  });
  after(async () => {
    await world.close();
    await world.close();
    balancer.close();
    await redis.close();
  });

  test('I25 forward at both, with bodies, interim heads, trailers and WebSockets as they are', async () => {
    await until(async () => (await metricsOf(one)).includes('\npostern_nodes{state="up"} 2\n'));
    assert.match(await notesOf(two), /^nodes: 2 up$/m);
    const ana = await at(two, () => world.signedIn('ana'));
    const body = randomBytes(3_000_000);
    const sent = await ana.fetch(`${world.url}/upload`, { method: 'PUT', body });
    const { bodyBytes, bodySha256 } = sent.json() as Echo;
    assert.deepEqual([bodyBytes, bodySha256], [body.length, createHash('sha256').update(body).digest('hex')]);
    assert.equal((await ana.fetch(`${world.url}/bytes?n=5000000&chunked`)).bytes.length, 5_000_000);
    const socket = await ana.socket(`${world.url}/ws`);
    socket.send('x'.repeat(100_000));
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.equal(data.length, 100_000);
    socket.close();
    const [atOne, atTwo] = [await metricsOf(one), await metricsOf(two)];
    assert.match(atTwo, /^postern_relayed_requests_total\{outcome="responded"\} [1-9]/m);
    assert.match(atOne, /^postern_relayed_requests_total\{outcome="responded"\} 0$/m);
    assert.match(atOne, /^postern_tunnels 1$/m);
    assert.match(atOne, /^postern_peer_links\{side="received"\} 1$/m);
  });

  test('I25 say together who is here, and a sign-out at one counts at the other', async () => {
    const bob = await at(two, () => world.signedIn('bob'));
    const cookie = bob.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
    const open = () => world.visitor().bare(`${world.url}/`, { headers: { cookie } });
    const socket = await bob.socket(`${world.url}/ws`); // who has something open is here
    const api = await at(one, () => apiOf(world));
    // A node that takes longer than a second to respond is left out once.
    await until(async () => {
      const { body } = await api('GET', '/tunnels/demo/people');
      return (body['people'] as { email: string }[]).some(({ email }) => email === 'bob@acme.com');
    });
    assert.equal((await open()).status, 200);
    socket.close();
    assert.equal((await at(two, () => bob.bare(`${world.url}/`))).status, 200);
    await bob.press(await bob.open(`${world.url}/.postern/sign_out`)); // at two
    balancer.chosen = one.port;
    await until(async () => (await open()).status !== 200);
  });

  test('B22 end what is open at both when the provider tells one of them of a sign-out', async () => {
    const ana = await at(two, () => world.signedIn('ana'));
    const cookie = ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true });
    const open = async (edge: Edge) => {
      const asked = () => world.visitor().stream(`${world.url}/sse`, 'bare', { headers: { cookie } });
      const { status, body } = await at(edge, asked);
      assert.equal(status, 200);
      body.on('error', () => {}); // it breaks: nothing passes for the end of the stream
      return { closed: new Promise((resolve) => body.resume().once('close', resolve)) };
    };
    const streams = [await open(one), await open(two)];
    await ana.open(`${world.issuer}/session/end?client_id=edge`);
    await Promise.all(streams.map(({ closed }) => closed));
    for (const edge of [one, two]) {
      const response = await at(edge, () => world.visitor().bare(`${world.url}/`, { headers: { cookie } }));
      assert.equal(response.status, 401);
    }
  });

  test('I25 lose no request while the one with the agent ends: the agent goes to the other before', async () => {
    const ana: Visitor = await at(two, () => world.signedIn('ana'));
    const seen = new Map<number, number>();
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        const { status } = await ana.fetch(`${world.url}/bytes?n=20000`);
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    })();
    const mark = world.agent.mark();
    one.program.signal('SIGTERM');
    assert.deepEqual(await one.program.exited, { code: 0, signal: null });
    await world.agent.record(({ event }) => event === 'online', mark);
    isOver = true;
    await load;
    assert.deepEqual([...seen.keys()], [200]);
    await until(async () => (await metricsOf(two)).includes('\npostern_nodes{state="up"} 1\n'));
    assert.match(await metricsOf(two), /^postern_tunnels 1$/m);
  });

  test('I25 close with 1012 what is open at the deadline, wherever its agent is', async () => {
    const again = await start();
    for (const edge of [again, two]) {
      const ana = await at(edge, () => world.signedIn('ana'));
      const socket = await at(edge, () => ana.socket(`${world.url}/ws`));
      const closed = once(socket, 'close') as Promise<[number]>;
      edge.program.signal('SIGTERM'); // the first has no agent; the second is alone by then, and keeps its agent
      assert.equal((await closed)[0], 1012);
      assert.equal((await edge.program.exited).code, 0);
    }
  });
});
