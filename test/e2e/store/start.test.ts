/** An edge whose Redis goes away while it starts, or does not let it read: it waits for it, for a time, and ends with one sentence. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { StorePath } from '../../support/nodes/store-path.js';
import { freePort, POSTERN, Program } from '../../support/processes.js';
import { redisMissing, TestRedis } from '../../support/redis.js';

// What the edge reads last of what it remembers, and what it reads of its certificates (src/store/redis/codec.ts).
const SHARING = 'entries:knock';
const CERTIFICATES = 'entries:acme-proof';

const BASIC = {
  POSTERN_URL: 'https://tunnel.test',
  POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
  POSTERN_SECRET: 'a secret of at least thirty-two bytes for tests',
  ...{ POSTERN_OIDC_ISSUER: 'https://127.0.0.1:1', POSTERN_OIDC_CLIENT_ID: 'edge' },
  POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
};

const SENTENCE = /^postern: Redis at \S+ .*: an edge cannot start without it \(ERR_STORE_UNAVAILABLE\)$/;

describe('an edge that starts while its Redis goes away', { skip: redisMissing(), concurrency: true }, () => {
  const redis = TestRedis.prepare();
  before(() => redis.restart());
  after(() => redis.close());

  /** An edge, the way of all its processes to Redis, and the port of its listener without TLS. */
  async function starting(t: TestContext, name: string, env: Readonly<Record<string, string>> = {}) {
    const store = await StorePath.open(redis, name);
    const [port, secure] = [await freePort(), await freePort()];
    const edge = new Program({
      ...{ name: `edge ${name}`, script: POSTERN, args: ['edge'] },
      env: {
        ...{ ...BASIC, POSTERN_STORE_URL: store.url },
        ...{ POSTERN_LISTEN: `http://127.0.0.1:${port},https://127.0.0.1:${secure}` },
        POSTERN_ACME: 'on',
        ...{ POSTERN_ACME_DIRECTORY: 'https://127.0.0.1:1/directory', POSTERN_ACME_EMAIL: 'ops@acme.com' },
        ...env,
      },
    });
    t.after(async () => {
      await edge.kill();
      store.close();
    });
    return { edge, store, port };
  }

  test('ends with one sentence when it stays away before the certificates are read, whoever is connected', async (t) => {
    const { edge, store, port } = await starting(t, 'certificates');
    store.endAt(CERTIFICATES);
    await edge.record(({ msg }) => /^Redis at .*: what needs the store fails$/.test(String(msg)));
    // Each waits for the rest of a request, as the edge does, which ends meanwhile.
    while ((await halfAsked(port)) !== '');
    assert.deepEqual(await edge.exited, { code: 1, signal: null });
    assert.equal(edge.stderr.split('\n').filter((line) => SENTENCE.test(line)).length, 1, edge.stderr);
  });

  test('goes on when it comes back before that', async (t) => {
    const { edge, store } = await starting(t, 'back');
    store.endAt(CERTIFICATES);
    await edge.record(({ msg }) => /^Redis at .*: what needs the store fails$/.test(String(msg)));
    store.endAt('nothing');
    store.lead(redis);
    await edge.record(({ msg }) => msg === 'edge up');
  });

  for (const [what, name] of [
    ['what is remembered is', SHARING],
    ['the certificates are', CERTIFICATES],
  ] as const)
    test(`ends in all its workers when it stays away before ${what} read`, async (t) => {
      const { edge, store } = await starting(t, name.replace(/.*:/, 'workers-'), { POSTERN_WORKERS: '2' });
      store.endAt(name, 2); // the worker that comes first may be done with it
      assert.deepEqual(await edge.exited, { code: 1, signal: null });
      assert.ok(
        edge.stderr.split('\n').some((line) => SENTENCE.test(line)),
        edge.stderr,
      );
      assert.match(edge.stderr, /^postern: a worker could not start$/m);
    });
});

describe('an edge that starts while its Redis does not let it read', {
  skip: redisMissing(),
  concurrency: true,
}, () => {
  const together = { POSTERN_PEER_LISTEN: 'https://127.0.0.1:0' };
  const strange = (kind: string) => ['SET', `postern:1:entries:${kind}`, 'of somebody else'];
  const forbidding = (command: string) => ['ACL', 'SETUSER', 'postern', `-${command}`];
  const cases = [
    ['forbids HSCAN', forbidding('hscan'), {}, /does not permit a command: expected the ACL that docs\/redis\.md has/],
    ['forbids HGET', forbidding('hget'), {}, /does not permit a command: expected the ACL that docs\/redis\.md has/],
    ['has no entries under the last key', strange('knock'), {}, /has something else where Postern keeps its entries/],
    [
      'has no tunnels under their key',
      strange('tunnel'),
      together,
      /has something else where Postern keeps its entries/,
    ],
  ] as const;

  for (const [what, command, env, reason] of cases)
    test(`ends with one sentence when it ${what}`, async (t) => {
      const redis = await TestRedis.start();
      t.after(() => redis.close());
      assert.match(await redis.command(...command), /^\+OK/);
      const edge = new Program({
        ...{ name: `edge: ${what}`, script: POSTERN, args: ['edge'] },
        env: { ...BASIC, POSTERN_STORE_URL: redis.url, POSTERN_LISTEN: '127.0.0.1:0', ...env },
      });
      t.after(() => edge.kill());
      assert.deepEqual(await edge.exited, { code: 1, signal: null });
      const sentences = edge.stderr.split('\n').filter((line) => SENTENCE.test(line));
      assert.equal(sentences.length, 1, edge.stderr);
      assert.match(sentences[0] ?? '', reason);
    });
});

/** What a visitor receives who sends half of a request. Rejects when nobody listens. */
async function halfAsked(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  socket.on('error', () => {}).on('data', (data: Buffer) => (received += data.toString('latin1')));
  socket.write('GET / HTTP/1.1\r\n');
  await once(socket, 'close');
  return received;
}
