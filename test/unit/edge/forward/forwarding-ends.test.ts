/** What becomes of a forwarded request whose visitor, whose upload or whose stream ends before its time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Forwarding } from '../../../../src/edge/forward/exchange.js';
import type { Admitted } from '../../../../src/edge/gate/gate.js';
import type { InboundStream } from '../../../../src/http/exchange.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { openPair, Served } from '../../link/pair.js';

const HEAD = { scheme: 'http', authority: 'demo.tunnel.test', headers: [] } as const;

interface Door {
  readonly edge: OutboundLink;
  forward(incoming: IncomingMessage, response: ServerResponse): void;
  listen(onRequest: RequestListener): Promise<((method?: string) => ReturnType<typeof request>) & { port: number }>;
}

async function openDoor(t: TestContext, onStream: (stream: InboundStream) => void): Promise<Door> {
  const { edge } = await openPair(t, onStream);
  const session = { identity: { subject: 'ana' } };
  const tunnel = { host: 'demo.tunnel.test', framing: "frame-ancestors 'self'" };
  const verdict = { kind: 'forward', link: edge, session, rule: '*', tunnel } as unknown as Admitted;
  return {
    edge,
    forward(incoming, response) {
      // Some visitors read no response before they have sent all of their request.
      const refuse = () => incoming.once('end', () => response.writeHead(502).end());
      new Forwarding(incoming, response, verdict, refuse).open({ ...HEAD, method: 'POST', path: '/' }, undefined);
    },
    async listen(onRequest) {
      const server = createServer(onRequest).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => {
        agent.destroy();
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      return Object.assign((method = 'GET') => request({ host: '127.0.0.1', port, agent, method }), { port });
    },
  };
}

/** Looks until it is so, for as many turns of the event loop as loopback may take. */
async function settles(isSo: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 10_000 && !isSo(); turn++) await new Promise((resolve) => setImmediate(resolve));
  return isSo();
}

describe('a forwarded request', () => {
  it('opens no stream for a visitor who has left', async (t) => {
    const { edge, forward, listen } = await openDoor(t, (stream) => new Served(stream).respond(204));
    const arrived = new Promise<number>((resolve) => {
      void listen((incoming, response) => {
        response.destroy();
        forward(incoming, response);
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
    assert.ok(await settles(() => edge.running === 0), 'the stream is still open');
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
    const visit = await listen((incoming, response) => {
      arrived.push(incoming);
      forward(incoming, response);
    });
    const upload = visit('POST');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    upload.end('x'.repeat(1_000_000));
    assert.ok(await settles(() => arrived[0]?.complete === true), 'the upload is not read to its end');
    const [answer] = await answered;
    assert.equal(answer.statusCode, 502);
  });
});
