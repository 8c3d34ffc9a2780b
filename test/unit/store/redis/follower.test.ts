/** How the stream of changes is followed: what an idle server, one that has lost its stream and one that is older lead to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyNames } from '../../../../src/store/redis/codec.js';
import { Follower } from '../../../../src/store/redis/follower.js';
import { deferred } from '../../../support/deferred.js';

type Reply =
  | { head: [string, string] }
  | { records: readonly (readonly [version: number, tag: string, before: string])[] };

const IDLE = { records: [] };
const head = (version: number, tag: string): Reply => ({ head: [`${version}`, tag] });
const records = (...all: [number, string, string][]): Reply => ({ records: all });

/** Follows a server that has these replies, in their order, and stands still then. A reply to another command is a failure. */
async function following(...replies: readonly Reply[]) {
  const clock = { nowMs: 0 };
  const told: (string | number)[] = [];
  const over = deferred<void>();
  let at = 0;
  const follower: Follower = new Follower({
    names: new KeyNames('postern'),
    onChange: (_key, _change, version) => told.push(version),
    onRestart: (isOlder, ageMs) => told.push(`${isOlder ? 'older' : 'again'} ${ageMs}`),
    now: () => clock.nowMs,
    connection: {
      isUp: true,
      renew: ({ text }) => assert.fail(text),
      run: async (command) => {
        clock.nowMs += 100;
        const reply = replies[at++];
        if (reply === undefined) {
          over.resolve();
          return new Promise(() => {});
        }
        assert.equal(command, 'head' in reply ? 'HMGET' : 'XREAD', `reply ${at}`);
        if ('head' in reply) return reply.head;
        if (reply.records.length === 0) return null;
        const found = reply.records.map(([version, tag, before]) => [
          `${version}-0`,
          ['key', 'grant:a', 'entry', '', 'tag', tag, 'before', before],
        ]);
        return [['changes', found]];
      },
    },
  });
  follower.start();
  await over.promise;
  return { follower, told };
}

describe('following', () => {
  it('goes on where it is while nothing happens, however often it looks', async () => {
    const looks = [IDLE, head(7, 'g'), IDLE, head(7, 'g'), IDLE, head(7, 'g')];
    const { follower, told } = await following(head(7, 'g'), ...looks);
    assert.deepEqual([told, follower.restarts], [['again 100'], 0]);
    assert.equal(follower.ageMs, 200); // one look, after what was confirmed last was asked for
    follower.close();
  });

  it('goes on where changes come between its looks', async () => {
    const busy = [IDLE, head(8, 'h'), records([8, 'h', 'g']), IDLE, head(9, 'i'), records([9, 'i', 'h']), IDLE];
    const { follower, told } = await following(head(7, 'g'), ...busy, head(10, 'j'), records([10, 'j', 'i']));
    assert.deepEqual([told, follower.restarts], [['again 100', 8, 9, 10], 0]);
    follower.close();
  });

  it('begins again where the stream has lost a change that the server has', async () => {
    const { follower, told } = await following(head(7, 'g'), IDLE, head(8, 'h'), IDLE, head(8, 'h'), head(8, 'h'));
    assert.deepEqual([told, follower.restarts], [['again 100', 'again 600'], 1]);
    follower.close();
  });

  it('has not reached what an older copy says, until it has found that it is one', async () => {
    const { follower } = await following(head(7, 'g'), records([8, 'h', 'g']));
    assert.equal(follower.version, 8);
    assert.equal(await follower.reached({ version: 8, tag: 'h' }, 60_000), true);
    const written = follower.reached({ version: 8, tag: 'of the copy' }, 60_000);
    follower.close();
    await assert.rejects(written, { code: 'ERR_STORE_UNAVAILABLE' });
    const before = new Follower({
      names: new KeyNames('postern'),
      ...{ onChange: () => {}, onRestart: () => {} },
      connection: { isUp: false, renew: () => {}, run: async () => null },
    });
    const early = before.reached({ version: 0, tag: '' }, 60_000);
    before.close();
    await assert.rejects(early, { code: 'ERR_STORE_UNAVAILABLE' });
  });

  it('says for how long nothing was known when it begins again', async () => {
    const { follower, told } = await following(head(7, 'g'), IDLE, head(7, 'g'), IDLE, head(3, 'c'), head(3, 'c'));
    assert.deepEqual(told, ['again 100', 'older 400']);
    assert.equal(follower.ageMs, 200);
    follower.close();
  });
});
