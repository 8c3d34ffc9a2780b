/** The limits of the queue for connections, each by itself, with attempts that the test settles. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type ConnectionUser, ConnectQueue } from '../../../../src/agent/target/connect-queue.js';
import type { TargetConnection } from '../../../../src/agent/target/connection.js';
import type { DialOutcome } from '../../../../src/agent/target/dialer.js';

const CONNECTION = {} as TargetConnection; // passed on, never used
const REFUSED = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
const FULL = Object.assign(new Error('full'), { code: 'EAGAIN' });
const TIMEOUT_MS = 10_000;

function startQueue(t: TestContext) {
  let nowMs = 1_000_000;
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const attempts: DialOutcome[] = [];
  const queue = new ConnectQueue({
    dial: (outcome) => {
      attempts.push(outcome);
      return () => {};
    },
    unused: () => heard.push('unused'),
    timeout: () => new Error('timeout'),
    timeoutMs: TIMEOUT_MS,
  });
  const heard: string[] = [];
  const user = (name: string): ConnectionUser => ({
    ready: () => heard.push(`${name} ready`),
    failed: (error) => heard.push(`${name} ${(error as Error).message}`),
  });
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const wait = (count: number) => {
    for (let at = 0; at < count; at++) queue.add(user(String(at)), { onlyFresh: false });
  };
  return { queue, attempts, heard, user, pass, wait };
}

describe('the queue for connections to a target', () => {
  it('makes eight attempts at once, and the next when one has ended', (t) => {
    const { attempts, wait, heard } = startQueue(t);
    wait(20);
    assert.equal(attempts.length, 8);
    attempts[0]?.connected(CONNECTION);
    assert.deepEqual([attempts.length, heard], [9, ['0 ready']]);
  });

  it('repeats an attempt at once that a full backlog dropped, and fails no request', (t) => {
    const { attempts, wait, heard } = startQueue(t);
    wait(1);
    for (let at = 0; at < 5; at++) attempts[at]?.backlogFull();
    assert.deepEqual([attempts.length, heard], [6, []]);
  });

  it('takes a refused connection for a full backlog while others are served, and pauses', (t) => {
    const { queue, attempts, wait, heard, pass } = startQueue(t);
    queue.served(performance.now());
    wait(1);
    attempts[0]?.failed(REFUSED);
    assert.deepEqual([attempts.length, heard], [1, []]);
    pass(50);
    assert.equal(attempts.length, 2);
  });

  it('fails a request at once with a refused connection when none was served for a second', (t) => {
    const { queue, attempts, wait, heard, pass } = startQueue(t);
    queue.served(performance.now());
    pass(1_000);
    wait(1);
    attempts[0]?.failed(REFUSED);
    assert.deepEqual(heard, ['0 refused']);
  });

  it('pauses when the backlog of a unix socket is full, whether others are served or not', (t) => {
    const { attempts, wait, heard, pass } = startQueue(t);
    wait(1);
    attempts[0]?.failed(FULL);
    pass(50);
    assert.deepEqual([attempts.length, heard], [2, []]);
  });

  it('fails requests that wait past the time limit, but none as long as others are served', (t) => {
    const { queue, attempts, wait, heard, pass } = startQueue(t);
    wait(2);
    pass(TIMEOUT_MS - 1);
    queue.served(performance.now());
    pass(TIMEOUT_MS - 1);
    attempts[0]?.backlogFull();
    assert.deepEqual(heard, []);
    pass(1);
    attempts[1]?.backlogFull();
    assert.deepEqual(heard, ['0 timeout', '1 timeout']);
  });

  it('gives no idle connection to a request that needs a fresh one', (t) => {
    const { queue, user, heard } = startQueue(t);
    queue.add(user('post'), { onlyFresh: true });
    assert.equal(queue.give(CONNECTION, false), false);
    queue.add(user('get'), { onlyFresh: false });
    assert.equal(queue.give(CONNECTION, false), true);
    assert.equal(queue.give(CONNECTION, true), true);
    assert.deepEqual(heard, ['get ready', 'post ready']);
  });

  it('keeps a connection that no request waits for any more', (t) => {
    const { queue, user, attempts, heard } = startQueue(t);
    const left = user('left');
    queue.add(left, { onlyFresh: false });
    queue.forget(left);
    attempts[0]?.connected(CONNECTION);
    assert.deepEqual(heard, ['unused']);
  });
});
