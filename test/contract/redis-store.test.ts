import { after, before, describe } from 'node:test';
import { storeUrl } from '../../src/config/store-url.js';
import { RedisStore } from '../../src/store/redis/store.js';
import { MAX_WAIT_MS } from '../support/ceiling.js';
import { redisMissing, TestRedis } from '../support/redis.js';
import { storeContract } from './store.js';

for (const [how, options] of [
  ['on a Unix socket', {}],
  ['with TLS', { tls: true }],
] as const) {
  describe(`Redis ${how}`, { skip: redisMissing() }, () => {
    let redis: TestRedis;
    let stores = 0;
    before(async () => {
      redis = await TestRedis.start(options);
    });
    after(() => redis.close());

    storeContract('RedisStore', (now) => {
      const address = storeUrl.read(`${redis.url}${redis.url.includes('?') ? '&' : '?'}prefix=postern`).value;
      if (address === undefined) throw new Error('the URL of the test is none');
      stores += 1;
      return RedisStore.open(
        { ...address, prefix: `postern:test-${stores}` },
        { now, patienceMs: MAX_WAIT_MS, deadlineMs: MAX_WAIT_MS },
      );
    });
  });
}
