import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Calls } from '../../../src/cluster/ipc/calls.js';
import { PosternError } from '../../../src/errors.js';
import { InProcessSupervisor } from '../../support/in-process-workers.js';
import { portPair } from '../../support/port-pair.js';

describe('calls between processes', () => {
  const unavailable = { code: 'ERR_STORE_UNAVAILABLE' };

  it('carry what is returned, and an error by its code', async () => {
    const { one, other } = portPair();
    const fail = () => {
      throw new PosternError('ERR_LIMIT_REACHED', 'too many');
    };
    new Calls(
      other,
      new Map<string, (...args: never[]) => unknown>([
        ['add', (a: number, b: number) => a + b],
        ['fail', fail],
      ]),
    );
    const calls = new Calls(one, new Map());
    assert.deepEqual(await Promise.all([calls.call('add', 1, 2), calls.call('add', 3, 4)]), [3, 7]);
    await assert.rejects(calls.call('fail'), { code: 'ERR_LIMIT_REACHED', message: 'too many' });
    await assert.rejects(calls.call('toString'), { code: 'ERR_INTERNAL' });
  });

  it('that are pending or come later fail once the channel has ended', async () => {
    const { one, other, close } = portPair();
    new Calls(other, new Map([['never', () => new Promise(() => {})]]));
    const calls = new Calls(one, new Map());
    const pending = calls.call('never');
    close();
    await assert.rejects(pending, unavailable);
    await assert.rejects(calls.call('never'), unavailable);
    calls.tell('never');
  });

  it('are not disturbed by what else comes over the channel', async () => {
    const { one, other } = portPair();
    new Calls(other, new Map([['one', () => 1]]));
    const calls = new Calls(one, new Map());
    for (const message of [undefined, null, 'text', 7, {}, { postern: 'result', id: 99 }, { postern: 'connection' }])
      other.post(message);
    assert.equal(await calls.call('one'), 1);
  });
});

describe('the workers of a supervisor', () => {
  it('have all seen a write when it is acknowledged', async () => {
    const supervisor = new InProcessSupervisor();
    const [one, two] = [supervisor.worker('one'), supervisor.worker('two')];
    const seen: string[] = [];
    await two.store.watch('ended:', (change) => {
      if (change.kind === 'put') seen.push(change.entry.key);
    }).ready;
    await one.store.put('ended:a', '');
    assert.deepEqual(seen, ['ended:a']);
    await one.store.put('ended:b', '');
    assert.deepEqual(seen, ['ended:a', 'ended:b']);
  });

  it('have all seen where an agent is when its claim is acknowledged', async () => {
    const supervisor = new InProcessSupervisor();
    const [one, two] = [supervisor.worker('one'), supervisor.worker('two')];
    await Promise.all([one.directory.join(), two.directory.join()]);
    const places: number[] = [];
    await two.directory.watch((change) => {
      if (change.kind === 'tunnel') places.push(change.record.places.length);
    }).ready;
    const claim = {
      name: 'demo',
      owner: 'ana@acme.com',
      agentId: 'agent-0001',
      offer: '',
      link: 'a',
      slot: 1,
    };
    await one.directory.claim(claim);
    assert.deepEqual(places, [1]);
    await one.directory.release('demo', 'a');
    assert.deepEqual(places, [1, 0]);
  });

  it('ask each other, without the one that asks and without those that have ended', async () => {
    const supervisor = new InProcessSupervisor();
    const workers = ['one', 'two', 'three'].map((id) => supervisor.worker(id));
    workers.forEach(({ others }, at) => {
      others.on('number', (plus: number) => at + plus);
    });
    const [one, two] = workers;
    assert.deepEqual((await one?.others.ask<number>('number', 10))?.sort(), [11, 12]);
    two?.kill();
    assert.deepEqual(await one?.others.ask('number', 10), [12]);
    assert.deepEqual(await one?.others.ask('unknown'), []);
  });
});
