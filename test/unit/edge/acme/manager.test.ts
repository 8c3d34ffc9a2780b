/** What is kept while an authority fails, and how often it is asked. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { deriveKeys } from '../../../../src/core/keys.js';
import { type LogFields, silentLog } from '../../../../src/core/log.js';
import { AcmeManager, MAX_NEW_CERTIFICATES, MAX_NEW_CERTIFICATES_OF_ONE } from '../../../../src/edge/acme/manager.js';
import { AcmeRecords, type StoredCertificate } from '../../../../src/edge/acme/records.js';
import { createProof } from '../../../../src/edge/acme/x509.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import type { Store } from '../../../../src/store/store.js';
import { deferred } from '../../../support/deferred.js';
import { DIRECTORY, type FakeResponse, fakeAuthority } from '../../../support/fake-authority.js';

// A manager lets a process end, and nothing else here keeps this one.
const alive = setInterval(() => {}, 60_000);
after(() => clearInterval(alive));

const KEYS = deriveKeys(['a secret of at least thirty-two bytes, for tests'], 'acme');
const NAME = 'tunnel.test';
const DAY = 86_400_000;

interface Attempt {
  readonly store?: Store;
  readonly respond?: (path: string) => FakeResponse | undefined;
  readonly now?: () => number;
}

/** A manager that wants one certificate, and the fields of the first failure that it logs. */
async function managing({ store = new MemoryStore(), respond = () => undefined, now = Date.now }: Attempt) {
  const failed = deferred<LogFields>();
  const adopted: string[] = [];
  const authority = fakeAuthority(respond);
  const manager = new AcmeManager({
    ...{
      store,
      keys: KEYS,
      authority: { directory: DIRECTORY, email: undefined },
      solvers: [],
      now,
      fetch: authority.fetch,
    },
    log: { ...silentLog, error: (fields) => failed.resolve(fields) },
    onCertificate: (id) => adopted.push(id),
  });
  await manager.want({ id: 'a', names: [NAME], party: 'ana@acme.com' });
  return { manager, failed: failed.promise, adopted, authority };
}

async function certificateFor(name: string): Promise<StoredCertificate> {
  const { cert, key } = await createProof(name, 'anything');
  return { chain: cert, key };
}

async function keep(store: Store, certificate: StoredCertificate, keys = KEYS): Promise<void> {
  await new AcmeRecords(store, keys, DIRECTORY).keepCertificate('a', certificate, Date.now() + DAY, 0);
}

const PEMS = { chain: 'chain', key: 'key' };

describe('a certificate of the store', () => {
  test('is in use at once, and its authority is not asked for another', async () => {
    const store = new MemoryStore();
    await keep(store, await certificateFor(NAME));
    const { manager, adopted } = await managing({ store });
    assert.deepEqual(adopted, ['a']);
    assert.equal(manager.states[0]?.problem, undefined);
    await manager.close();
  });

  test('stays in use while an authority fails to renew it', async () => {
    const store = new MemoryStore();
    await keep(store, await certificateFor(NAME));
    const now = () => Date.now() + DAY / 2; // two thirds of its two days have passed
    const { manager, adopted, failed } = await managing({ store, now, respond: () => ({ status: 503 }) });
    const { names, problem } = await failed;
    assert.deepEqual(names, [NAME]);
    assert.match(String(problem), /responded with status 503/);
    assert.deepEqual(adopted, ['a']);
    const [state] = manager.states;
    assert.ok((state?.notAfterMs ?? 0) > now());
    assert.equal(state?.problem, problem);
    await manager.close();
  });

  for (const next of ['the next call', 'the order'] as const)
    test(`that cannot be read at first is in use by ${next}, and no other is ordered`, async (t) => {
      const store = new MemoryStore();
      await keep(store, await certificateFor(NAME));
      const adopted = deferred<string>();
      const authority = fakeAuthority(() => undefined);
      const manager = new AcmeManager({
        ...{ store, keys: KEYS, authority: { directory: DIRECTORY, email: undefined }, solvers: [] },
        ...{ fetch: authority.fetch, log: silentLog, onCertificate: (id: string) => adopted.resolve(id) },
      });
      const get = t.mock.method(store, 'get', () => Promise.reject(new Error('away')), { times: 1 });
      const wanted = { id: 'a', names: [NAME] };
      await assert.rejects(manager.want(wanted), { message: 'away' });
      assert.equal(get.mock.callCount(), 1);
      if (next === 'the next call') {
        await manager.want(wanted);
        assert.ok(manager.states[0]?.notAfterMs);
      }
      assert.equal(await adopted.promise, 'a');
      await manager.close();
      assert.ok(!authority.requests.includes('POST /order'));
    });

  const unfit: readonly (readonly [string, (store: Store) => Promise<void>])[] = [
    ['for another name', async (store) => keep(store, await certificateFor('elsewhere.test'))],
    [
      'with the key of another',
      async (store) => {
        const { key } = await certificateFor(NAME);
        await keep(store, { ...(await certificateFor(NAME)), key });
      },
    ],
    [
      'that another secret sealed',
      async (store) =>
        keep(store, await certificateFor(NAME), deriveKeys(['another secret of at least 32 bytes'], 'acme')),
    ],
    ['that is none', async (store) => void (await store.put('certificate:a', '{"chain":"x","key":"y"}'))],
  ];
  for (const [what, write] of unfit) {
    test(`is not used ${what}: another is ordered`, async () => {
      const store = new MemoryStore();
      await write(store);
      const { manager, adopted, failed, authority } = await managing({ store });
      await failed;
      assert.deepEqual(adopted, []);
      assert.ok(authority.requests.includes('POST /order'));
      await manager.close();
    });
  }
});

describe('an authority that refuses', () => {
  test('is asked again when it says', async () => {
    const body = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates' };
    const limited = { status: 429, headers: { 'retry-after': '90000' }, body };
    const { manager, failed } = await managing({ respond: (path) => (path === '/order' ? limited : undefined) });
    const { problem, nextAttemptInSeconds } = await failed;
    assert.equal(problem, 'the order: rateLimited: too many certificates');
    assert.equal(nextAttemptInSeconds, 90_000);
    await manager.close();
  });

  test('is not asked at once again when it says nothing', async () => {
    const { manager, failed } = await managing({ respond: () => ({ status: 500 }) });
    const seconds = Number((await failed)['nextAttemptInSeconds']);
    assert.ok(seconds >= 30 && seconds <= 60, `${seconds}`);
    await manager.close();
  });

  test('is not asked for a new certificate once the week has had its most', async () => {
    const store = new MemoryStore();
    const records = new AcmeRecords(store, KEYS, DIRECTORY);
    for (let n = 0; n < MAX_NEW_CERTIFICATES; n++) await records.countNewCertificate(`owner ${n}`);
    const { manager, failed, authority } = await managing({ store });
    assert.match(String((await failed)['problem']), /^40 new certificates within a week are the most for tunnels/);
    assert.ok(!authority.requests.includes('POST /order'));
    await manager.close();
  });

  test('is not asked for a new certificate once the week of one owner has had its most', async () => {
    const store = new MemoryStore();
    const records = new AcmeRecords(store, KEYS, DIRECTORY);
    for (let n = 0; n < MAX_NEW_CERTIFICATES_OF_ONE; n++) await records.countNewCertificate('ana@acme.com');
    const { manager, failed, authority } = await managing({ store });
    assert.match(String((await failed)['problem']), /^10 new certificates .* for the tunnels of one owner/);
    assert.ok(!authority.requests.includes('POST /order'));
    await manager.close();
  });

  test('is asked for another where the certificate has been replaced before', async () => {
    const store = new MemoryStore();
    await keep(store, await certificateFor(NAME));
    let orders = 0;
    const body = { type: 'urn:ietf:params:acme:error:alreadyReplaced', detail: 'by another order' };
    const respond = (path: string) => (path === '/order' && orders++ === 0 ? { status: 409, body } : undefined);
    const { manager, failed } = await managing({ store, respond, now: () => Date.now() + DAY / 2 });
    assert.match(String((await failed)['problem']), /malformed/); // of the second order, which this authority has not either
    assert.equal(orders, 2);
    await manager.close();
  });

  test('is asked once for a name whose agent comes and goes', async () => {
    const { manager, failed, authority } = await managing({});
    const { problem } = await failed;
    for (let n = 0; n < 5; n++) {
      manager.release('a');
      assert.deepEqual(manager.states, []);
      await manager.want({ id: 'a', names: [NAME] });
    }
    // What is known of the last attempt is still known, and so is when the next one is due.
    assert.deepEqual(manager.states, [{ names: [NAME], notAfterMs: undefined, problem }]);
    assert.equal(authority.requests.filter((request) => request === 'POST /order').length, 1);
    await manager.close();
  });

  test('is asked by one node at a time', async () => {
    const records = new AcmeRecords(new MemoryStore(), KEYS, DIRECTORY);
    const release = deferred<void>();
    const first = records.alone('a', () => release.promise.then(() => 'first'));
    assert.equal(await records.alone('a', async () => 'second'), undefined);
    release.resolve();
    assert.equal(await first, 'first');
    assert.equal(await records.alone('a', async () => 'third'), 'third');
  });

  test('is left to the next node by one that could not renew its lease, which takes nothing back from it', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const store = new MemoryStore();
    let nowMs = 0;
    t.mock.method(performance, 'now', () => nowMs);
    const [late, next] = [1, 2].map(() => new AcmeRecords(store, KEYS, DIRECTORY));
    assert.ok(late && next);
    const put = t.mock.method(store, 'put');
    const ended = late.alone('a', async ({ signal }) => {
      const version = (await late.certificate('a'))?.version ?? 0;
      put.mock.mockImplementation(() => Promise.reject(new Error('away')));
      for (let tick = 0; tick < 6; tick++) {
        assert.equal(signal.aborted, false);
        nowMs += 10_000;
        t.mock.timers.tick(10_000);
      }
      assert.equal(signal.aborted, true);
      put.mock.restore();
      await store.delete('acme-lease:a'); // as it expires
      const kept = await next.alone('a', async () => next.keepCertificate('a', PEMS, Date.now() + DAY, version));
      return [kept, await late.keepCertificate('a', PEMS, Date.now() + DAY, version)];
    });
    assert.deepEqual(await ended, [true, false]);
  });
});
