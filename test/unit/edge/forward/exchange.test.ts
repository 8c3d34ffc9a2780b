import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { InboundStream } from '../../../../src/http/exchange.js';
import { deferred } from '../../../support/deferred.js';
import { openPair, Served } from '../../link/pair.js';
import { forwarderTo, serveVisits } from '../visits.js';

/** A front door that forwards everything to an agent that responds with `onStream`. */
async function forwarded(t: TestContext, onStream: (stream: InboundStream) => void) {
  const { edge } = await openPair(t, onStream);
  const forward = await forwarderTo(t, edge, { method: 'GET' });
  const port = await serveVisits(t, { accept: forward });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return (options: RequestOptions = {}) => request({ host: '127.0.0.1', port, agent, ...options });
}

async function responseOf(visit: ReturnType<typeof request>): Promise<IncomingMessage> {
  const [response] = (await once(visit, 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  return Buffer.concat(await response.toArray()).toString('latin1');
}

describe('a forwarded request', () => {
  for (const bytes of [0, 1, 4_096, 4_097, 300_000]) {
    it(`gets an answer of ${bytes} bytes as it was sent`, async (t) => {
      const body = Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251));
      const visit = await forwarded(t, (stream) => {
        const served = new Served(stream);
        served.stream.respond({ status: 200, headers: ['content-length', String(bytes)] }, { endOfBody: bytes === 0 });
        served.body.end(body);
      });
      const response = await responseOf(visit().end());
      assert.deepEqual([response.statusCode, response.headers['content-length']], [200, String(bytes)]);
      assert.equal(await textOf(response), body.toString('latin1'));
    });
  }

  it('gets the head of an answer whose body is not there yet', async (t) => {
    const served = deferred<Served>();
    const visit = await forwarded(t, (stream) => served.resolve(new Served(stream)));
    const visiting = visit().end();
    const { stream, body } = await served.promise;
    stream.respond({ status: 200, headers: [] }, { endOfBody: false });
    const response = await responseOf(visiting);
    body.end('later');
    assert.equal(await textOf(response), 'later');
  });

  for (const bytes of [0, 6, 200_000]) {
    it(`breaks at the visitor when the answer breaks behind ${bytes} bytes`, async (t) => {
      const served = deferred<Served>();
      const visit = await forwarded(t, (stream) => served.resolve(new Served(stream)));
      const visiting = visit().end();
      const { stream, body } = await served.promise;
      stream.respond({ status: 200, headers: ['content-length', '1000000'] }, { endOfBody: false });
      if (bytes > 0) body.write('x'.repeat(bytes));
      const response = await responseOf(visiting);
      stream.cancel();
      await assert.rejects(textOf(response), { code: 'ECONNRESET' });
    });
  }

  it('is cancelled at the agent when its visitor leaves', async (t) => {
    const served = deferred<Served>();
    const visit = await forwarded(t, (stream) => served.resolve(new Served(stream)));
    const visiting = visit()
      .on('error', () => {})
      .end();
    const { isCancelled } = await served.promise;
    visiting.destroy();
    await isCancelled;
  });

  it('that is answered before its body has come leaves the connection to the next one', async (t) => {
    const visit = await forwarded(t, (stream) => new Served(stream).respond(204));
    const first = visit({ method: 'POST' });
    first.write('x'.repeat(300_000));
    const response = await responseOf(first);
    response.resume();
    const { socket } = first;
    first.end('the rest');
    await once(response, 'close');
    const second = visit();
    assert.equal((await responseOf(second.end())).statusCode, 204);
    assert.equal(second.socket, socket);
  });
});
