import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PosternError } from '../../../src/errors.js';
import type { InboundStream } from '../../../src/http/exchange.js';
import { type Holder, StreamShares } from '../../../src/link/stream-shares.js';
import { Asked, openPair, Served } from './pair.js';

const isBusy = (error: unknown) => error instanceof PosternError && error.code === 'ERR_TUNNEL_BUSY';

/** Acquires streams for a party until it is refused; returns them. */
function takeAll(shares: StreamShares, party: string, maxStreams: number, running = 0): Holder[] {
  const held: Holder[] = [];
  for (;;) {
    try {
      held.push(shares.acquire(party, running + held.length, maxStreams));
    } catch (error) {
      assert.ok(isBusy(error));
      return held;
    }
  }
}

describe('the streams of a link', () => {
  for (const [maxStreams, share] of [
    [1_000, 250],
    [400, 100],
    [200, 100],
    [100, 75],
    [10, 7],
    [1, 1],
  ] as const) {
    it(`of which there are ${maxStreams} give ${share} to one party and leave some to others`, () => {
      const shares = new StreamShares();
      const held = takeAll(shares, 'greedy', maxStreams);
      assert.equal(held.length, share);
      if (maxStreams > 1) assert.ok(shares.acquire('ana', held.length, maxStreams));
    });
  }

  it('of a party that has its share lose the one that was blocked the longest, after thirty seconds', () => {
    const shares = new StreamShares();
    const held = takeAll(shares, 'ana', 10);
    const holder = held[0] as Holder; // the same for all of one party
    const ends: string[] = [];
    const wait = (name: string, forMs: number) => {
      const waiting = {
        blockedSinceMs: performance.now() - forMs,
        hasProgressed: () => name === 'slow',
        evict: () => {
          ends.push(name);
          holder.streams -= 1;
          holder.blocked.delete(waiting);
        },
      };
      holder.blocked.add(waiting);
    };
    wait('first', 29_000);
    assert.throws(() => shares.acquire('ana', held.length, 10), isBusy);
    holder.blocked.clear();
    wait('slow', 32_000);
    wait('old', 31_000);
    wait('new', 31_000);
    assert.equal(shares.acquire('ana', held.length, 10), holder);
    assert.deepEqual(ends, ['old']);
    assert.throws(() => shares.acquire('ana', 9, 10), isBusy); // scarce: seven are past the share of four
    assert.deepEqual(ends, ['old'], 'what makes no room ends nothing');
    for (const name of ['third', 'fourth', 'fifth', 'sixth']) wait(name, 31_000);
    assert.equal(shares.acquire('ana', 9, 10), holder);
    assert.deepEqual(ends.splice(1), ['new', 'third', 'fourth', 'fifth'], 'as many as make room, and no more');
    shares.acquire('bob', held.length, 10);
    assert.deepEqual(ends, ['old'], 'what others ask for costs ana nothing');
  });

  it('leave the last tenth to parties that have only a few', () => {
    const shares = new StreamShares();
    let running = 0;
    for (const party of ['a', 'b', 'c', 'd', 'e']) running += takeAll(shares, party, 1_000, running).length;
    assert.equal(running, 904); // four of the last party, which came when they were scarce
    for (let count = 0; count < 24; count++) running += takeAll(shares, `late ${count}`, 1_000, running).length;
    assert.equal(running, 1_000);
  });

  it('are available again when they end', () => {
    const shares = new StreamShares();
    const held = takeAll(shares, 'greedy', 1_000);
    for (const holder of held) holder.streams -= 1;
    assert.equal(takeAll(shares, 'greedy', 1_000).length, held.length);
  });

  it('are counted right for a party that holds some while thousands of others come and go', () => {
    const shares = new StreamShares();
    const held = takeAll(shares, 'greedy', 1_000).slice(1);
    for (let count = 0; count < 5_000; count++) shares.acquire(`passer-by ${count}`, 250, 1_000).streams -= 1;
    assert.throws(() => shares.acquire('greedy', 250, 1_000), isBusy);
    for (const holder of held) holder.streams -= 1;
    assert.equal(takeAll(shares, 'greedy', 1_000).length, held.length);
  });
});

describe('a link', () => {
  const hold = (stream: InboundStream) => void new Served(stream);

  it('refuses a party that holds its share, serves another, and counts down however a request ends', async (t) => {
    const served: Served[] = [];
    const { edge } = await openPair(t, (stream) => served.push(new Served(stream)));
    const asked = Array.from({ length: 250 }, () => new Asked(edge));
    assert.throws(() => new Asked(edge), isBusy);
    const [cancelled, answered, reset] = asked as [Asked, Asked, Asked];
    const other = new Asked(edge, {}, { party: 'bob' });
    while (served.length < 251) await new Promise(setImmediate);
    served[250]?.respond(200);
    assert.equal((await other.head).status, 200);

    cancelled.stream.cancel();
    cancelled.stream.cancel(); // again: counts once
    new Asked(edge);
    assert.throws(() => new Asked(edge), isBusy);
    served[1]?.respond(200, { endOfBody: false });
    const text = answered.text();
    served[1]?.body.end('whole');
    assert.equal(await text, 'whole');
    new Asked(edge);
    assert.throws(() => new Asked(edge), isBusy);
    served[2]?.stream.cancel();
    await reset.failure;
    new Asked(edge);
    assert.throws(() => new Asked(edge), isBusy);
  });

  it('counts nothing for a head that cannot be sent', async (t) => {
    const { edge } = await openPair(t, hold);
    for (let count = 0; count < 300; count++) {
      assert.throws(() => new Asked(edge, { headers: ['x-bad', 'a\r\nb'] }), { code: 'ERR_BAD_REQUEST' });
    }
    new Asked(edge);
  });
});
