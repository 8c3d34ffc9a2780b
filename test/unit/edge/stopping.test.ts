import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../../../src/core/log.js';
import { Stopping, type StoppingParts } from '../../../src/edge/stopping.js';
import { PosternError } from '../../../src/errors.js';

/** An edge with another node, and what its end has done so far. */
function edgeWith(drain: () => Promise<void>) {
  const done: string[] = [];
  const does = (what: string) => async () => void done.push(what);
  const parts = {
    node: { hasOthers: () => true, directory: { drain }, drain: does('links to nodes'), close: does('node') },
    admission: { refuse: () => {}, moveAway: does('agents asked'), drain: does('links of agents') },
    requests: { leave: () => done.push('visitors asked') },
    front: { close: async () => {}, lastRequest: does('requests') },
    store: { close: async () => {} },
    admin: undefined,
    drainMs: 30_000,
    closeStreams: () => {},
    release: async () => {},
    log: silentLog,
  };
  return { stopping: new Stopping(parts as unknown as StoppingParts), done };
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
    while (!done.includes('visitors asked')) await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(60_000);
    await Promise.all([moved, stopped]);
    assert.deepEqual(done, ['agents asked', 'visitors asked', ...END]);
  });
});
