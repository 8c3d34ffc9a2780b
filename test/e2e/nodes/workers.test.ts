/**
 * Two machines of two workers each, with one Redis: each of the four processes is a node. Whichever of them a connection reaches, the
 * tunnel is there, what one decides counts at all, and a machine whose workers are replaced loses no request.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { until } from '../../support/admin.js';
import { type At, atEach } from '../../support/nodes/each-worker.js';
import { Load } from '../../support/nodes/load.js';
import { Nodes, nodesMissing, type TestNode } from '../../support/nodes/nodes.js';
import { freePort, isAlive, type Line, type Program, runPostern } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';

const WORKERS = 2;

/** What a node says when the others can dial it. */
const REACHED = 'other edges of the store can reach this one';

describe('two edges of two workers each, with one Redis', { skip: nodesMissing() }, () => {
  let nodes: Nodes;
  let ana: readonly At[];

  before(async () => {
    nodes = await Nodes.start({
      ...{ nodes: 2, edgeEnv: { POSTERN_WORKERS: String(WORKERS), POSTERN_DRAIN: '2s' } },
      peerListen: async () => `https://127.0.0.1:${await freePort()}`,
    });
    await nodes.world.startAgent();
    ana = await atEach(nodes, 'ana', WORKERS);
  });
  after(() => nodes?.close());

  const each = (check: (at: At) => Promise<void>) => Promise.all(ana.map(check));

  /** Which edge has the agent. While it moves from one to another, neither may say so yet. */
  const holder = async (): Promise<TestNode> => {
    let found: TestNode | undefined;
    await until(async () => {
      for (const node of nodes.all) if (/^postern_links 1$/m.test(await nodes.ask(node, '/metrics'))) found = node;
      return found !== undefined;
    });
    return found as TestNode;
  };

  const relayedAt = async (node: TestNode) => {
    const metrics = await nodes.ask(node, '/metrics');
    return Number(/^postern_relayed_requests_total\{outcome="responded"\} (\d+)$/m.exec(metrics)?.[1]);
  };

  test('I30 forward at each of the four, over Unix sockets and over TLS', async () => {
    for (const node of nodes.all)
      await until(async () => /^postern_nodes\{state="up"\} 4$/m.test(await nodes.ask(node, '/metrics')));
    await each(async ({ visitor }) => {
      const body = randomBytes(1_000_000);
      const sent = await visitor.fetch(`${nodes.world.url}/upload`, { method: 'PUT', body });
      const { bodyBytes, bodySha256 } = sent.json() as Echo;
      assert.deepEqual([bodyBytes, bodySha256], [body.length, createHash('sha256').update(body).digest('hex')]);
      assert.equal((await visitor.fetch(`${nodes.world.url}/bytes?n=2000000&chunked`)).bytes.length, 2_000_000);
      const socket = await visitor.socket(`${nodes.world.url}/ws`);
      socket.send('x'.repeat(100_000));
      const [data] = (await once(socket, 'message')) as [Buffer];
      assert.equal(data.length, 100_000);
      socket.close();
    });
    const near = await holder();
    const asked = () => nodes.all.map(({ program }) => [1, 2].map((worker) => askedAt(program, worker)));
    const sum = () =>
      asked()
        .flat()
        .reduce((one, other) => one + other);
    await until(async () => sum() === 3 * ana.length); // their lines are written
    const at = asked();
    for (const [number, node] of nodes.all.entries()) {
      // Of the two workers where the agent is, one relays; of the others, both do. A WebSocket has a connection of its own, which may
      // come to any of them.
      const [one = 0, other = 0] = at[number] ?? [];
      const least = node === near ? Math.min(one, other) : one + other;
      const relayed = await relayedAt(node);
      assert.ok(relayed >= least, `${relayed} of ${least} relayed`);
    }
  });

  test('I30 each tells the others an address of its own, counted from the one in the options', () => {
    for (const node of nodes.all) {
      const ports = addresses(node.program).map((peer) => Number(new URL(peer).port));
      const first = Number(new URL(node.peerListen).port);
      assert.equal(new Set(ports).size, WORKERS);
      for (const port of ports) assert.ok(port >= first && port < first + 4 * WORKERS, `${port} from ${first} on`);
    }
  });

  test('I30 say together who is here', async () => {
    const bob = await nodes.world.signedIn('bob');
    const socket = await bob.socket(`${nodes.world.url}/ws`); // who has something open is here
    const authorization = `Bearer ${await nodes.world.token()}`;
    await each(({ visitor }) =>
      until(async () => {
        const url = `${nodes.world.base}/.postern/api/v1/tunnels/demo/people`;
        const { people } = (await visitor.bare(url, { headers: { authorization } })).json() as {
          people: { email: string }[];
        };
        return people.some(({ email }) => email === 'bob@acme.com');
      }),
    );
    socket.close();
  });

  test('I30 a sign-out at one of them counts at all', async () => {
    const bob = await atEach(nodes, 'bob', WORKERS);
    const cookie = bob[0]?.visitor.jar.header(new URL(nodes.world.url), { site: 'none', safeNavigation: true });
    const statuses = () =>
      Promise.all(
        bob.map(async ({ visitor }) => {
          const headers = { cookie };
          return (await visitor.bare(`${nodes.world.url}/`, { headers })).status;
        }),
      );
    assert.deepEqual(await statuses(), [200, 200, 200, 200]);
    const one = nodes.world.visitor(bob[0]?.visitor.jar);
    await one.press(await one.open(`${nodes.world.url}/.postern/sign_out`));
    await until(async () => (await statuses()).every((status) => status !== 200));
  });

  test('W4 `postern config check` says of a configuration with another secret that it reaches none of them', async () => {
    const [{ store }] = nodes.all as [TestNode];
    const check = async (secret: string) => {
      const env = {
        POSTERN_LISTEN: '127.0.0.1:0',
        POSTERN_STORE_URL: store.url,
        POSTERN_PEER_LISTEN: 'https://127.0.0.1:0',
      };
      const { stderr } = await runPostern(['config', 'check'], {
        ...nodes.world.edgeEnv(),
        ...env,
        POSTERN_SECRET: secret,
      });
      return [...stderr.matchAll(/^postern: warning: another edge of the store .* at https:\S+ .*POSTERN_SECRET$/gm)];
    };
    const [same, other] = await Promise.all([check(nodes.world.secret), check('another secret of thirty-two bytes')]);
    assert.deepEqual([same.length, other.length], [0, 4]);
  });

  /** What `act` does costs nobody a request, and WebSockets are told to come again. */
  const withoutLoss = async (act: () => Promise<unknown>) => {
    const { world } = nodes;
    const loads = await Promise.all(
      [1, 2, 3, 4].map(async () => new Load(await world.signedIn('ana'), { url: world.url, pauseMs: 10 })),
    );
    await Promise.all(loads.map((load) => load.start()));
    await act();
    const seen = loads.map(({ requests }) => requests);
    await until(async () => loads.every(({ requests }, at) => requests > (seen[at] ?? 0) + 5));
    await Promise.all(loads.map((load) => load.stop()));
    const of = <T>(read: (load: Load) => readonly T[]) => loads.flatMap(read);
    assert.deepEqual(
      of(({ wrong }) => wrong),
      [],
    );
    assert.ok(of(({ resets }) => resets).length <= loads.length, of(({ resets }) => resets).join('\n'));
    assert.deepEqual(
      of(({ closes }) => closes).filter((code) => code !== 1012),
      [],
    );
  };

  test('I31 an edge whose workers are replaced (SIGHUP) loses no request', async () => {
    const { program } = await holder();
    const former = program.records().flatMap(({ msg, pid }) => (msg === 'worker up' ? [pid as number] : []));
    const mark = program.mark();
    await withoutLoss(async () => {
      program.signal('SIGHUP');
      await program.record(({ msg }) => msg === 'the workers were replaced', mark);
      await until(async () => !former.some(isAlive));
    });
    assert.equal(new Set(addresses(program, mark)).size, WORKERS);
  });

  test('I31 an edge that ends (SIGTERM) loses no request: its agent goes to the other machine before', async () => {
    const { program } = await holder();
    await withoutLoss(async () => {
      program.signal('SIGTERM');
      assert.deepEqual(await program.exited, { code: 0, signal: null });
    });
    const [left] = nodes.all.filter((node) => node.program !== program) as [TestNode];
    await until(async () => /^postern_nodes\{state="up"\} 2$/m.test(await nodes.ask(left, '/metrics')));
  });
});

/** How many requests of the first test have come to a worker. */
function askedAt(program: Program, worker: number): number {
  const isOne = (line: Line) =>
    line['msg'] === 'request' && ['/upload', '/bytes', '/ws'].includes(String(line['path']));
  return program.records().filter((line) => isOne(line) && line['worker'] === worker).length;
}

/** Where its workers have said that they are reached. */
function addresses(program: Program, since = 0): string[] {
  return program.records(since).flatMap(({ msg, peer }) => (msg === REACHED ? [String(peer)] : []));
}
