import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventsCheck } from '../../../../src/cli/doctor/events.js';
import { edgeLike, finding } from './servers.js';

const EVENT = 'id: 1\nevent: resync\ndata: {}\n\n';

describe('the check of event streams', () => {
  it('is content with the first event of a stream that does not end', async (t) => {
    const authorizations: (string | undefined)[] = [];
    const edge = await edgeLike(t, ({ headers }, response) => {
      authorizations.push(headers.authorization);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(EVENT);
    });
    assert.equal((await finding(eventsCheck(edge, () => 'a-token'))).result, 'ok');
    assert.deepEqual(authorizations, ['Bearer a-token']);
  });

  it('fails where the head or the first event is held back', async (t) => {
    for (const isHeadSent of [true, false]) {
      const edge = await edgeLike(t, (_request, response) => {
        if (isHeadSent) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      });
      const found = await finding(eventsCheck(edge, () => 'x', 200));
      assert.equal(found.result, 'failure');
      assert.match(found.fix ?? '', /proxy_buffering off/);
    }
  });
});
