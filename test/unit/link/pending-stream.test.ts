/** A WebSocket that is asked for before the agent's SETTINGS have arrived: the first round trip of every link, also after a restart. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import type { PosternError } from '../../../src/errors.js';
import type {
  InboundStream,
  OutboundObserver,
  OutboundStream,
  RequestHead,
  ResponseHead,
} from '../../../src/http/exchange.js';
import { wasNotProcessed } from '../../../src/link/client-stream.js';
import { InboundLink } from '../../../src/link/inbound-link.js';
import type { OutboundLink } from '../../../src/link/outbound-link.js';
import { deferred } from '../../support/deferred.js';
import { Asked, GET, openBare, PUBLIC_URL, Served } from './pair.js';

const WEBSOCKET: RequestHead = { ...GET, method: 'CONNECT', protocol: 'websocket' };
// SETTINGS without any entry.
const NO_SETTINGS = Buffer.from('000000040000000000', 'hex');

/** An edge, and an agent that has said nothing before `start`; then it echoes. */
async function openLate(t: TestContext) {
  const { edge, socket, wire } = await openBare(t, (opened) => opened.on('open', () => opened.pause()));
  const arrived: Served[] = [];
  const onStream = (stream: InboundStream) => {
    const served = new Served(stream);
    arrived.push(served);
    served.respond(200, { endOfBody: false });
    served.body.pipe(served.body);
  };
  const start = () => {
    const agent = new InboundLink(socket, wire, { url: PUBLIC_URL, nodes: undefined }, onStream);
    t.after(() => agent.destroy());
    socket.resume();
  };
  return { edge, socket, arrived, start };
}

/** A WebSocket as an edge asks for it, whose body is taken once it is accepted. */
class Opened implements OutboundObserver {
  readonly stream: OutboundStream;
  readonly head = deferred<ResponseHead>();
  /** If `takesBody` was set before the response. */
  body: Duplex | undefined;
  takesBody = false;
  readonly failure = deferred<PosternError>();
  readonly text: Buffer[] = [];
  readonly ended = deferred<void>();
  drains = 0;

  constructor(edge: OutboundLink) {
    this.stream = edge.open(WEBSOCKET, { endOfBody: false, party: 'ana' }, this);
  }

  response(head: ResponseHead): void {
    if (this.takesBody) this.body = this.stream.takeBody();
    this.head.resolve(head);
  }

  failed(error: PosternError): void {
    this.failure.resolve(error);
  }

  data(chunk: Buffer): void {
    this.text.push(chunk);
  }

  end(): void {
    this.ended.resolve();
  }

  drain(): void {
    this.drains += 1;
  }

  informational(): void {}
  trailers(): void {}
}

describe('a WebSocket that comes before the SETTINGS of its agent', () => {
  it('is opened when they arrive, while another request has not waited', async (t) => {
    const { edge, arrived, start } = await openLate(t);
    const opened = new Opened(edge);
    opened.takesBody = true;
    const other = new Asked(edge);
    start();
    assert.equal((await opened.head.promise).status, 200);
    assert.equal((await other.head).status, 200);
    assert.deepEqual(
      arrived.map((served) => served.stream.head.protocol),
      [undefined, 'websocket'],
    );
    const body = opened.body as Duplex;
    body.write('over the link');
    assert.equal(String((await once(body, 'data'))[0]), 'over the link');
  });

  it('sends what it was given meanwhile, in order, and says when more may come', async (t) => {
    const { edge, start } = await openLate(t);
    const opened = new Opened(edge);
    const { stream } = opened;
    stream.pause();
    for (const text of ['one ', 'two ', 'three']) assert.equal(stream.write(Buffer.from(text)), false);
    assert.deepEqual([stream.writableLength, stream.bytesWritten], [13, 13]);
    stream.end();
    start();
    await opened.head.promise;
    assert.ok(opened.drains > 0);
    assert.equal(stream.bytesWritten, 13);
    stream.resume();
    await opened.ended.promise;
    assert.equal(Buffer.concat(opened.text).toString(), 'one two three');
  });

  it('never reaches the agent when its visitor leaves meanwhile', async (t) => {
    const { edge, arrived, start } = await openLate(t);
    const { stream } = new Opened(edge);
    stream.write(Buffer.from('nobody reads this'));
    stream.cancel();
    start();
    await edge.ping();
    await new Asked(edge).head;
    assert.deepEqual(
      arrived.map((served) => served.stream.head.method),
      ['GET'],
    );
  });

  it('has not reached the agent when the link ends meanwhile, and may be tried elsewhere', async (t) => {
    for (const end of [(edge: OutboundLink) => edge.destroy(), (edge: OutboundLink) => void edge.drain()]) {
      const { edge } = await openLate(t);
      const { failure } = new Opened(edge);
      end(edge);
      const error = await failure.promise;
      assert.equal(error.code, 'ERR_LINK_LOST');
      assert.ok(wasNotProcessed(error));
    }
  });

  it('fails when they do not announce extended CONNECT', async (t) => {
    const { edge, socket } = await openLate(t);
    const { failure } = new Opened(edge);
    socket.send(NO_SETTINGS);
    assert.equal((await failure.promise).code, 'ERR_TUNNEL_BUSY');
    assert.equal(edge.running, 0);
  });
});
