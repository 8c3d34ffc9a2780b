/** What becomes of a forwarded request whose visitor, whose upload or whose stream ends before its time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Visit } from '../../../../src/edge/request/visit.js';
import type { Http1Visit } from '../../../../src/edge/visitors/http1/visit.js';
import type { InboundStream } from '../../../../src/http/exchange.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { openPair, Served } from '../../link/pair.js';
import { forwarderTo, serveVisits } from '../visits.js';

interface Door {
  readonly edge: OutboundLink;
  forward(visit: Visit): void;
  listen(accept: (visit: Visit) => void): Promise<((method?: string) => ReturnType<typeof request>) & { port: number }>;
}

async function openDoor(t: TestContext, onStream: (stream: InboundStream) => void): Promise<Door> {
  const { edge } = await openPair(t, onStream);
  return {
    edge,
    forward: await forwarderTo(t, edge, { method: 'POST' }),
    async listen(accept) {
      const port = await serveVisits(t, { accept });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      return Object.assign((method = 'GET') => request({ host: '127.0.0.1', port, agent, method }), { port });
    },
  };
}

/** Looks until it is so; the runner's timeout is the ceiling. */
async function reached(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a forwarded request', () => {
  it('opens no stream for a visitor who has left', async (t) => {
    const { edge, forward, listen } = await openDoor(t, (stream) => new Served(stream).respond(204));
    const arrived = new Promise<number>((resolve) => {
      void listen((visit) => {
        visit.cancel();
        forward(visit);
        resolve(edge.running);
      }).then((visit) =>
        visit()
          .on('error', () => {})
          .end(),
      );
    });
    assert.equal(await arrived, 0);
  });

  it('whose response is whole before its upload gives the upload up', async (t) => {
    const { edge, forward, listen } = await openDoor(t, (stream) => new Served(stream).respond(204));
    const visit = await listen(forward);
    const upload = visit('POST').on('error', () => {});
    upload.write('x'.repeat(100_000));
    const [answer] = (await once(upload, 'response')) as [IncomingMessage];
    answer.resume();
    await reached(() => edge.running === 0); // the stream is not left open
  });

  it('whose response breaks in the middle of its chunks is not made to look whole', async (t) => {
    const { forward, listen } = await openDoor(t, (stream) => {
      const served = new Served(stream);
      served.respond(200, { endOfBody: false });
      served.body.write('a part of it');
      setImmediate(() => stream.cancel());
    });
    const [answer] = (await once((await listen(forward))().end(), 'response')) as [IncomingMessage];
    assert.equal(answer.headers['content-length'], undefined);
    await assert.rejects(answer.toArray(), { code: 'ECONNRESET' });
  });

  it('whose response breaks is reset where the end of the connection is the end of the response', async (t) => {
    const { forward, listen } = await openDoor(t, (stream) => {
      const served = new Served(stream);
      served.respond(200, { endOfBody: false });
      served.body.write('a part of it');
      setImmediate(() => stream.cancel());
    });
    const { port } = await listen(forward);
    const visitor = connect(port, '127.0.0.1', () => visitor.write('GET / HTTP/1.0\r\n\r\n'));
    await assert.rejects(visitor.toArray(), { code: 'ECONNRESET' });
  });

  it('that fails while it is sent reads what is left, and its connection carries the next', async (t) => {
    const { forward, listen } = await openDoor(t, (stream) => stream.cancel());
    const arrived: IncomingMessage[] = [];
    const visit = await listen((incoming) => {
      arrived.push((incoming as Http1Visit).request);
      forward(incoming);
    });
    const upload = visit('POST');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    upload.end('x'.repeat(1_000_000));
    await reached(() => arrived[0]?.complete === true); // the upload is read to its end
    const [answer] = await answered;
    assert.equal(answer.statusCode, 502);
  });
});
