/** An edge that starts while its shared store goes away: between its first write and its first read, for a moment or for good. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreDirectory } from '../../../src/cluster/store-directory.js';
import { withPatience } from '../../../src/edge/store-patience.js';
import { PosternError } from '../../../src/errors.js';
import { StoreServer } from '../../support/faulty-store.js';

const PATIENCE_MS = 500;
const AWAY = 'Redis at 127.0.0.1:6379 does not respond in time';

/** What a shared store says of itself. */
const storeThat = (problem: () => string | undefined) => ({
  stats: () => ({
    entries: [],
    journalBytes: undefined,
    failedWrites: 0,
    shared: { ageMs: 0, restarts: 0, problem: problem() },
  }),
});
const never = () => new Promise<never>(() => {});
const unavailable = () => new PosternError('ERR_STORE_UNAVAILABLE', 'Redis does not respond in time');

describe('a start whose store goes away', () => {
  it('joins the other nodes once its first write is taken', async () => {
    const store = new StoreServer().client();
    store.isAway = true;
    let attempts = 0;
    const directory = await withPatience(store, () => {
      attempts += 1;
      if (attempts === 3) store.isAway = false;
      return StoreDirectory.open(store, { id: 'this', peer: 'unix:/run/this', state: 'up' });
    });
    assert.deepEqual([attempts, [...directory.nodes().keys()]], [3, ['this']]);
    await directory.close();
  });

  it('ends with one sentence when it has been away for long, though nothing that is read ever fails', async () => {
    await assert.rejects(
      withPatience(
        storeThat(() => AWAY),
        never,
        PATIENCE_MS,
      ),
      {
        code: 'ERR_STORE_UNAVAILABLE',
        message: `${AWAY}: an edge cannot start without it`,
      },
    );
  });

  it('waits for one that comes back, however often it was away for less', async () => {
    let looks = 0;
    let read = () => {};
    const whole = new Promise<string>((resolve) => {
      read = () => resolve('all of it');
    });
    const store = storeThat(() => {
      looks += 1;
      if (looks === 6) read();
      return looks % 2 === 1 ? AWAY : undefined; // it is never away at two looks in a row
    });
    assert.equal(await withPatience(store, () => whole, PATIENCE_MS), 'all of it');
  });

  it('ends when nothing is taken, though it is there, and at once for a failure of another kind', async () => {
    let attempts = 0;
    const full = () => {
      attempts += 1;
      return Promise.reject(unavailable());
    };
    await assert.rejects(
      withPatience(
        storeThat(() => undefined),
        full,
        PATIENCE_MS,
      ),
      { code: 'ERR_STORE_UNAVAILABLE' },
    );
    assert.ok(attempts > 1);
    const failure = new Error('a fault of ours');
    await assert.rejects(
      withPatience(
        storeThat(() => AWAY),
        () => Promise.reject(failure),
      ),
      failure,
    );
  });
});
