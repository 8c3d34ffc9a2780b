import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { silentLog } from '../../../src/core/log.js';
import { Stopping, type StoppingParts } from '../../../src/edge/stopping.js';
import { PosternError } from '../../../src/errors.js';

/** An edge with another node, and what its end has done so far. `moveAway`: what becomes of its agents. */
function edgeWith(drain: () => Promise<void>, moveAway = async (_alone: AbortSignal) => {}) {
  const done: string[] = [];
  const others = { isUp: true };
  const does = (what: string) => async () => void done.push(what);
  const parts = {
    node: { hasOthers: () => others.isUp, directory: { drain }, drain: does('links to nodes'), close: does('node') },
    admission: {
      refuse: () => {},
      moveAway: async (alone: AbortSignal) => {
        done.push('agents asked');
        await moveAway(alone);
      },
      drain: does('links of agents'),
    },
    requests: { leave: () => done.push('visitors asked') },
    front: { close: async () => {}, lastRequest: does('requests') },
    store: { close: async () => {} },
    admin: undefined,
    drainMs: 30_000,
    closeStreams: () => {},
    release: async () => {},
    log: silentLog,
  };
  return { stopping: new Stopping(parts as unknown as StoppingParts), done, others };
}

const END = ['requests', 'links of agents', 'links to nodes', 'node'];

describe('the end of an edge with other nodes', () => {
  it('waits for nobody who could not go there, since the directory is away', async () => {
    const { stopping, done } = edgeWith(() => Promise.reject(new PosternError('ERR_STORE_UNAVAILABLE')));
    await stopping.stop();
    assert.deepEqual(done, END);
  });

  it('sends agents and visitors there first, once', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { stopping, done } = edgeWith(async () => {});
    const moved = stopping.moveAway('this machine');
    const stopped = stopping.stop();
    while (!done.includes('visitors asked')) await turn();
    t.mock.timers.tick(60_000);
    await Promise.all([moved, stopped]);
    assert.deepEqual(done, ['agents asked', 'visitors asked', ...END]);
  });

  it('waits no longer when they end, too', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const never = (alone: AbortSignal) => once(alone, 'abort').then(() => {});
    const { stopping, done, others } = edgeWith(async () => {}, never);
    const stopped = stopping.stop();
    while (!done.includes('agents asked')) await turn();
    t.mock.timers.tick(1_000);
    await turn();
    assert.ok(!done.includes('visitors asked'));
    others.isUp = false;
    t.mock.timers.tick(1_000);
    while (!done.includes('visitors asked')) await turn();
    t.mock.timers.tick(60_000);
    await stopped;
    assert.deepEqual(done, ['agents asked', 'visitors asked', ...END]);
  });
});
