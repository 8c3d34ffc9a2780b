import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Session } from '../../../../src/auth/session/session.js';
import type { Admitted } from '../../../../src/edge/gate/gate.js';
import { MAX_SIGN_INS_OF_ONE, VisitorSignIns } from '../../../../src/edge/people/visitor-sign-ins.js';
import { PosternError } from '../../../../src/errors.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { requestOf } from '../visits.js';

const START_MS = 1_790_000_000_000;
const TTL_MS = 3_600_000;

class FlakyStore extends MemoryStore {
  isAway = false;
  override async put(...args: Parameters<MemoryStore['put']>) {
    if (this.isAway) throw new PosternError('ERR_STORE_UNAVAILABLE');
    return super.put(...args);
  }
}

async function setUp() {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const store = new FlakyStore({ now });
  const ended = new Set<string>();
  const isActive = ({ id }: { readonly id: string }) => !ended.has(id);
  const signIns = new VisitorSignIns({ store, ttlMs: TTL_MS, isActive, now });
  await signIns.ready;
  const sessionOf = (id: string, subject = 'ana') =>
    ({
      id,
      identity: { issuer: 'https://provider.test', subject, email: `${subject}@acme.com` },
      signedInAtMs: clock.nowMs,
    }) as Session;
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const visit = requestOf({ address: '2001:db8:1:2:3::4', header: { 'user-agent': 'Firefox/130 Linux' } });
  const signIn = async (session: Session) => {
    signIns.on({ kind: 'signed-in', visit, session });
    await settled();
  };
  const admit = async (session: Session) => {
    const verdict = { kind: 'forward', session, rule: '*' } as unknown as Admitted;
    signIns.on({ kind: 'decided', visit: requestOf(), verdict });
    await settled();
  };
  const list = () => [...signIns.accounts()].flat();
  const ids = () => list().map(({ id }) => id);
  return { clock, store, ended, signIns, list, sessionOf, settled, visit, signIn, admit, ids };
}

describe('a sign-in of a visitor', () => {
  it('is recorded with who, since when and from where, until it ends by itself', async () => {
    const { clock, list, sessionOf, signIn } = await setUp();
    await signIn(sessionOf('a'));
    const identity = { issuer: 'https://provider.test', subject: 'ana', email: 'ana@acme.com' };
    const where = { address: '2001:db8:1:2::/64', browser: 'Firefox, Linux' };
    const times = { signedInAtMs: START_MS, expiresAtMs: START_MS + TTL_MS };
    assert.deepEqual(list(), [{ id: 'a', identity, ...times, ...where, hasOlder: false }]);
    clock.nowMs += TTL_MS;
    assert.deepEqual(list(), []);
  });

  it('is listed until its visitor signs out, or it was ended otherwise', async () => {
    const { ended, signIns, sessionOf, settled, visit, signIn, ids } = await setUp();
    const [one, two] = [sessionOf('a'), sessionOf('b', 'bob')];
    await signIn(one);
    await signIn(two);
    signIns.on({ kind: 'signed-out', visit, session: one });
    await settled();
    assert.deepEqual(ids(), ['b']);
    ended.add('b');
    assert.deepEqual(ids(), []);
  });

  it('is recorded when its visitor is let in, where there is no record of it', async () => {
    const { sessionOf, admit, ids } = await setUp();
    const session = sessionOf('of-before');
    await admit(session);
    await admit(session);
    assert.deepEqual(ids(), ['of-before']);
  });

  it('makes room for a later one of the same account, which says so', async () => {
    const { clock, list, sessionOf, signIn, ids } = await setUp();
    await signIn(sessionOf('of-bob', 'bob'));
    for (let at = 0; at <= MAX_SIGN_INS_OF_ONE; at++) {
      clock.nowMs += 1;
      await signIn(sessionOf(`ana-${at}`));
    }
    assert.equal(ids().length, MAX_SIGN_INS_OF_ONE + 1);
    assert.equal(ids().includes('ana-0'), false);
    assert.deepEqual(
      list()
        .filter(({ hasOlder }) => hasOlder)
        .map(({ id }) => id),
      [`ana-${MAX_SIGN_INS_OF_ONE}`],
    );
  });

  it('is missed while the store is away, which is said, and recorded a minute later', async () => {
    const { clock, store, signIns, sessionOf, signIn, admit, ids } = await setUp();
    store.isAway = true;
    const session = sessionOf('a');
    await signIn(session);
    assert.equal(signIns.isIncomplete, true);
    store.isAway = false;
    await admit(session);
    assert.deepEqual(ids(), []);
    clock.nowMs += 60_000;
    await admit(session);
    assert.deepEqual(ids(), ['a']);
  });
});
