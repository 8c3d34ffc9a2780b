import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { OutboundObserver } from '../../../src/http/exchange.js';
import { deferred } from '../../support/deferred.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { GET, openPair, Served } from '../link/pair.js';
import { openIngress, openOwner, wayTo } from './nodes.js';

/** What asks, and learns how that has failed. */
function asker() {
  const failed = deferred<string>();
  const nothing = () => {};
  const observer: OutboundObserver = {
    ...{ informational: nothing, response: nothing, data: nothing, trailers: nothing, end: nothing, drain: nothing },
    failed: ({ code }) => failed.resolve(code),
  };
  return { observer, failed: failed.promise };
}

describe('when a node ends', () => {
  it('so do the requests on a link that another one has replaced', async (t) => {
    const arrived: (() => void)[] = [];
    const { edge } = await openPair(t, (stream) => {
      new Served(stream);
      arrived.shift()?.();
    });
    const owner = await openOwner(t, edge);
    const ingress = openIngress(t, owner.path);
    const askers = [asker(), asker()];
    for (const { observer } of askers) {
      const here = new Promise<void>((resolve) => arrived.push(resolve));
      wayTo(ingress).open(GET, { endOfBody: true, party: 'ana' }, observer);
      await here;
      if (owner.sockets.length > 1) continue;
      void owner.peers.drain();
      await ingress.call('owner', { kind: 'ask', method: 'none' }, []).catch(() => {}); // its reply comes behind the GOAWAY
    }
    assert.deepEqual([owner.sockets.length, ingress.links.dialled], [2, 2]);
    ingress.destroy();
    assert.deepEqual(await Promise.all(askers.map(({ failed }) => failed)), ['ERR_LINK_LOST', 'ERR_LINK_LOST']);
  });

  it('it waits for no link that is being dialled', async (t) => {
    const path = join(temporaryFolder('peer'), 'silent.sock');
    const server = createServer((socket) => socket.resume());
    server.listen(path);
    await once(server, 'listening');
    t.after(() => server.close());
    const ingress = openIngress(t, path);
    const { observer, failed } = asker();
    wayTo(ingress).open(GET, { endOfBody: true, party: 'ana' }, observer);
    await once(server, 'connection').then(([socket]) => t.after(() => socket.destroy()));
    let isFailed = false;
    void failed.then(() => {
      isFailed = true;
    });
    await ingress.drain();
    assert.ok(!isFailed, 'it is being dialled still');
  });
});
