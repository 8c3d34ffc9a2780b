import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takeInheritedSockets } from '../../../../src/cli/process/inherited-sockets.js';

describe('the sockets of systemd', () => {
  it('begin at descriptor three, have names, and are taken once', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:', PATH: '/bin' };
    assert.deepEqual(takeInheritedSockets(env, 7), [
      { fd: 3, name: 'web' },
      { fd: 4, name: 'unknown' },
    ]);
    assert.deepEqual(env, { PATH: '/bin' });
    assert.deepEqual(takeInheritedSockets(env, 7), []);
  });

  for (const [what, env] of [
    ['of another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }],
    ['of nobody', { LISTEN_FDS: '1' }],
    ['without a number', { LISTEN_PID: '7' }],
    ['with a number that is none', { LISTEN_PID: '7', LISTEN_FDS: '-1' }],
    ['more than there can be', { LISTEN_PID: '7', LISTEN_FDS: '9999' }],
  ] as const) {
    it(`are not those ${what}`, () => assert.deepEqual(takeInheritedSockets({ ...env }, 7), []));
  }
});
