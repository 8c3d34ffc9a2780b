import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { storeUrl } from '../../../src/config/store-url.js';
import { checkPeer, checkStore } from '../../../src/edge/nodes-check.js';
import { freePort } from '../../support/free-port.js';
import { redisMissing, TestRedis } from '../../support/redis.js';

const HOST = '127.0.0.1';
const COMMON = { workers: 1, secrets: ['a secret of thirty-two bytes or more'], store: undefined };

const found = async (host: string) => [host];

/** A port at which something listens, and closes each connection. */
async function taken(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('the peer address of an edge that does not run', () => {
  it('is right when nothing listens there, and what others dial leads there', async () => {
    const port = await freePort();
    const listen = { host: HOST, port };
    for (const url of [undefined, { host: 'localhost', port }])
      assert.deepEqual(await checkPeer({ ...COMMON, peer: { listen, url } }, found), []);
    assert.deepEqual(await checkPeer({ ...COMMON, peer: undefined }, found), []);
  });

  it('is warned of when another program has it, for each worker', async (t) => {
    const port = await taken(t);
    const peer = { listen: { host: HOST, port: port - 1 }, url: undefined };
    const findings = await checkPeer({ ...COMMON, workers: 2, peer }, found);
    const [last = ''] = findings.slice(-1);
    assert.match(
      last,
      new RegExp(`^POSTERN_PEER_LISTEN: cannot listen on ${HOST}:${port}: another program.*runs already`),
    );
  });

  it('is warned of when what others dial leads elsewhere', async (t) => {
    const url = { host: HOST, port: await taken(t) };
    const findings = await checkPeer(
      { ...COMMON, peer: { listen: { host: HOST, port: await freePort() }, url } },
      found,
    );
    assert.equal(findings.length, 1, findings.join('\n'));
    assert.match(findings[0] ?? '', new RegExp(`^POSTERN_PEER_URL: https://${HOST}:${url.port} does not lead here`));
  });

  it('is warned of when what others dial has no address', async () => {
    const peer = { listen: { host: HOST, port: 0 }, url: { host: 'edge-1.internal', port: 7_443 } };
    const absent = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
    assert.deepEqual(await checkPeer({ ...COMMON, peer }, absent), [
      'POSTERN_PEER_URL: edge-1.internal cannot be looked up (ENOTFOUND)',
    ]);
  });
});

describe('the store of an edge that does not run', { skip: redisMissing() }, () => {
  it('is opened, and what is wrong with it is said in one sentence each', async (t) => {
    const redis = await TestRedis.start();
    t.after(() => redis.close());
    const { value: store } = storeUrl.read(redis.url);
    const config = { ...COMMON, peer: undefined, store };
    const [forgetful, ...others] = await checkStore(config);
    assert.match(forgetful ?? '', /^POSTERN_STORE_URL: Redis keeps no append-only file/);
    assert.deepEqual(others, []);
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const [evicting, ...more] = await checkStore(config);
    assert.match(evicting ?? '', /^POSTERN_STORE_URL: Redis at .* expected noeviction$/);
    assert.deepEqual(more, []);
    await redis.kill();
    const [away, ...rest] = await checkStore(config);
    assert.match(away ?? '', /^POSTERN_STORE_URL: Redis at .* cannot be reached/);
    assert.deepEqual(rest, []);
  });

  it('is not asked where there is none', async () => {
    assert.deepEqual(await checkStore({ ...COMMON, peer: undefined }), []);
  });
});
