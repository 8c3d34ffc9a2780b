import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AttemptLimit } from '../../../../src/edge/request/attempts.js';
import * as limits from '../../../../src/edge/request/limits.js';
import { PosternError } from '../../../../src/errors.js';
import { MAX_HEADER_FIELDS, MAX_HEADER_LIST_BYTES } from '../../../../src/link/link.js';
import type { SharedCounters } from '../../../../src/store/store.js';

const isLimited = (error: unknown) => error instanceof PosternError && error.code === 'ERR_RATE_LIMITED';

async function useUp(limit: AttemptLimit, address: string): Promise<number> {
  for (let count = 0; ; count++) {
    try {
      await limit.count(address);
    } catch (error) {
      assert.ok(isLimited(error));
      return count;
    }
  }
}

describe('the limit of attempts', () => {
  it('refuses an address that has used up its own, and no other', async () => {
    const limit = new AttemptLimit('sign-in');
    assert.equal(await useUp(limit, '203.0.113.9'), 120);
    await assert.rejects(limit.count('203.0.113.9'), isLimited);
    await limit.count('203.0.113.10');
    assert.equal(await useUp(new AttemptLimit('bad-token'), '203.0.113.9'), 20);
    assert.equal(await useUp(new AttemptLimit('renewal'), 'ana'), 3);
  });

  for (const [one, other, same] of [
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', true],
    ['2001:db8::1', '2001:db8:0:0:9::', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '::2', true],
    ['1::', '2::', false],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false], // of a dual-stack socket
    ['::ffff:192.0.2.1', '192.0.2.1', true],
  ] as const) {
    it(`counts ${one} and ${other} ${same ? 'as one network' : 'apart'}`, async () => {
      const limit = new AttemptLimit('bad-token');
      await useUp(limit, one);
      if (same) await assert.rejects(limit.count(other), isLimited);
      else await limit.count(other);
    });
  }
});

describe('the limit of attempts of several edges', () => {
  /** Counters that are in this process; the store that has them may be away. */
  class Counters implements SharedCounters {
    readonly sums = new Map<string, number>();
    isAway = false;
    nodes = 2;
    calls = 0;

    async add(key: string, points: number, durationMs: number): Promise<readonly [number, number]> {
      this.calls += 1;
      if (this.isAway) throw new PosternError('ERR_STORE_UNAVAILABLE');
      const sum = (this.sums.get(key) ?? 0) + points;
      this.sums.set(key, sum);
      return [sum, durationMs];
    }
  }

  it('is one for all of them, by what is counted', async () => {
    const counters = new Counters();
    const [one, other] = [1, 2].map(() => new AttemptLimit('bad-token', { counters }));
    assert.ok(one && other);
    for (let count = 0; count < 10; count++) await one.count('203.0.113.9');
    assert.equal(await useUp(other, '203.0.113.9'), 10);
    await assert.rejects(one.count('203.0.113.9'), isLimited);
    await other.refund('203.0.113.9');
    await other.refund('203.0.113.9');
    await other.refund('203.0.113.9');
    await one.count('203.0.113.9');
    const apart = new AttemptLimit('bad-token', { counters, scope: 'other' });
    assert.equal(await useUp(apart, '203.0.113.9'), 20);
  });

  it('is a share of it while the counters are away', async () => {
    const counters = new Counters();
    const limit = new AttemptLimit('bad-token', { counters });
    await limit.count('203.0.113.9');
    counters.isAway = true;
    assert.equal(await useUp(limit, '203.0.113.9'), 10);
    counters.isAway = false;
    await limit.count('203.0.113.9');
  });

  it('costs the store nothing for an address that goes on and on', async () => {
    const counters = new Counters();
    const limit = new AttemptLimit('bad-token', { counters });
    for (let count = 0; count < 100; count++) await limit.count('203.0.113.9').catch(() => {});
    assert.equal(counters.calls, 40);
  });
});

describe('the limits', () => {
  it('fit together: what the front door takes the link carries', () => {
    // HTTP/2 counts 32 bytes more for each field (RFC 9113 section 6.5.2).
    assert.ok(limits.MAX_HEADER_BYTES + 32 * limits.MAX_HEADERS < MAX_HEADER_LIST_BYTES);
    assert.ok(limits.MAX_HEADERS + 50 < MAX_HEADER_FIELDS);
    assert.ok(limits.HEADERS_TIMEOUT_MS < limits.KEEP_ALIVE_TIMEOUT_MS);
  });
});
