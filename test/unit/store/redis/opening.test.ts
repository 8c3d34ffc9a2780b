/** What a Redis server is that no store is kept in, in one sentence; and one that comes late. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, describe, it } from 'node:test';
import { type StoreUrl, storeUrl } from '../../../../src/config/store-url.js';
import { RedisStore } from '../../../../src/store/redis/store.js';
import { listenOnLoopback, type RedisOptions, redisMissing, TestRedis } from '../../../support/redis.js';

const PATIENCE_MS = 10_000;

// Of one that stays away: all of it is waited for, and an attempt has to fit in it on a busy machine.
const LATE_MS = 3_000;

function addressOf(url: string): StoreUrl {
  const { value } = storeUrl.read(url);
  assert.ok(value, url);
  return value;
}

const AWAY = ': an edge cannot start without it';

/** The sentence; a service that is started again for nothing but what passes by itself goes by its code. */
async function refusalOf(url: string, patienceMs = PATIENCE_MS): Promise<string> {
  const opened = RedisStore.open(addressOf(url), { patienceMs });
  const error = await opened.then(
    () => assert.fail('the store was opened'),
    (refused: unknown) => refused as Error & { code: string },
  );
  const isAway = error.message.endsWith(AWAY);
  assert.equal(error.code, isAway ? 'ERR_STORE_UNAVAILABLE' : 'ERR_CONFIG_INVALID', error.message);
  assert.doesNotMatch(error.message, /of the user|wrong one/, 'a password is in the message');
  return error.message;
}

describe('a store in Redis is refused in one sentence', { skip: redisMissing() }, () => {
  const open: { close(): unknown }[] = [];
  after(() => Promise.all(open.map((one) => one.close())));

  const start = async (options?: RedisOptions) => {
    const redis = await TestRedis.start(options);
    open.push(redis);
    return redis;
  };

  it('by a server that may evict', async () => {
    const redis = await start({ config: ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'] });
    assert.match(await refusalOf(redis.url), /allkeys-lru.*expected noeviction$/);
  });

  it('by a server that refuses the password, or demands one', async () => {
    const redis = await start({ config: ['user default off'] });
    assert.match(await refusalOf(redis.url.replace(/:[^:@]*@/, ':wrong%20one@')), /refuses the user or the password$/);
    assert.match(await refusalOf(redis.url.replace(/postern:[^@]*@/, '')), /demands a password/);
  });

  it('by a server that permits too little', async () => {
    const redis = await start();
    await redis.command('ACL', 'SETUSER', 'postern', '-info');
    assert.match(await refusalOf(redis.url), /does not permit a command.*docs\/redis\.md/);
    await redis.command('ACL', 'SETUSER', 'postern', '+info', '-hmget');
    assert.match(await refusalOf(redis.url), /does not permit a command.*docs\/redis\.md/);
  });

  it('by a replica, and by a member of a cluster', async () => {
    const primary = await start();
    await primary.command('REPLICAOF', '127.0.0.1', '1');
    assert.match(await refusalOf(primary.url), /is a replica/);
    const member = await start({ config: ['cluster-enabled yes'] });
    assert.match(await refusalOf(member.url), /is part of a Redis Cluster/);
  });

  it('by a server whose certificate is not trusted, or is for another name', async () => {
    const { url } = await start({ tls: true });
    assert.match(await refusalOf(url.replace(/ca=[^&]*&/, '')), /has a certificate that is not trusted/);
    assert.match(await refusalOf(url.replace('localhost', '127.0.0.2')), /has a certificate for another name/);
    assert.match(await refusalOf(url.replace(/&cert=.*/, '')), /demands a certificate of its clients/);
    const plain = url.replace('rediss:', 'redis:').replace(/\?.*/, '');
    assert.match(await refusalOf(plain, LATE_MS), /closes the connection at once: it may expect TLS/);
    await assert.rejects(RedisStore.open(addressOf(url.replace(/ca=[^&]*/, 'ca=/nowhere.pem'))), {
      code: 'ERR_CONFIG_INVALID',
      message: 'the file /nowhere.pem cannot be read',
    });
  });

  it('by a server that is too old, a replica, or speaks no TLS, or nothing that we know', async () => {
    const listening = async (reply: (data: string) => string) => {
      const server: Server = createServer((socket) => {
        socket
          .on('error', () => {})
          .setEncoding('latin1')
          .on('data', (data: string) => socket.write(reply(data)));
      });
      open.push(server);
      return `127.0.0.1:${await listenOnLoopback(server)}`;
    };
    const info = '# Server\r\nredis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\nloading:0\r\n';
    const failingOver = info.replace('6.2.14', '7.0.15').replace('master', 'slave');
    const old = await listening((data) => (/info/i.test(data) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n'));
    assert.match(await refusalOf(`redis://${old}`), /is of version 6\.2\.14: expected Redis 7/);
    assert.match(await refusalOf(`rediss://${old}`), /does not speak TLS there/);
    const replica = await listening((data) =>
      /info/i.test(data) ? `$${failingOver.length}\r\n${failingOver}\r\n` : '+OK\r\n',
    );
    const place = replica.split(':').map((word) => `$${word.length}\r\n${word}\r\n`);
    const sentinel = await listening((data) => (/sentinel/i.test(data) ? `*2\r\n${place.join('')}` : '+OK\r\n'));
    assert.match(await refusalOf(`redis://${replica}`), /is a replica.*that know it$/);
    assert.match(
      await refusalOf(`redis+sentinel://${sentinel}/main`, LATE_MS),
      /is a replica.*cannot start without it$/,
    );
    const web = await listening(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
    assert.match(await refusalOf(`redis://${web}`, LATE_MS), /^Redis at 127\.0\.0\.1:\d+ /);
  });

  it('when nobody listens there, after it was waited for', async () => {
    assert.match(
      await refusalOf('redis+unix:///nowhere/redis.sock', LATE_MS),
      /^Redis at \/nowhere\/redis\.sock cannot be reached \(ENOENT\): an edge cannot start without it$/,
    );
    assert.match(
      await refusalOf('redis+sentinel://127.0.0.1:1/main', LATE_MS),
      /main of the sentinels 127\.0\.0\.1:1 is not known .*: an edge cannot start without it$/,
    );
  });
});

it('a store in Redis waits for a server that comes late', { skip: redisMissing() }, async (t) => {
  const redis = await TestRedis.start();
  t.after(() => redis.close());
  await redis.kill();
  const opened = RedisStore.open(addressOf(redis.url));
  t.after(async () => (await opened).close());
  await redis.restart();
  await (await opened).put('grant:a', 'one');
});
