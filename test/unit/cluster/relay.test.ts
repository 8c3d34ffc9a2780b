import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import type { TunnelLink } from '../../../src/cluster/relay.js';
import type { OutboundObserver, OutboundStream } from '../../../src/http/exchange.js';
import { wasNotProcessed } from '../../../src/link/client-stream.js';
import { deferred } from '../../support/deferred.js';
import { GET, openPair, Served } from '../link/pair.js';
import { openIngress, openOwner, wayTo } from './nodes.js';

const POST = { ...GET, method: 'POST' };

/** A request through the relay, as the node sees it where it came in. */
class Relayed implements OutboundObserver {
  readonly stream: OutboundStream;
  readonly early: number[] = [];
  readonly status = deferred<number>();
  readonly ended = deferred<string>();
  readonly failure = deferred<Parameters<OutboundObserver['failed']>[0]>();
  readonly drained = deferred<void>();
  heardTrailers: readonly string[] = [];
  #text = '';

  constructor(link: TunnelLink, head = GET, endOfBody = true) {
    this.stream = link.open(head, { endOfBody, party: 'ana' }, this);
  }

  informational({ status }: { status: number }): void {
    this.early.push(status);
  }

  response({ status }: { status: number }): void {
    this.status.resolve(status);
  }

  data(chunk: Buffer): void {
    this.#text += chunk;
  }

  trailers(trailers: readonly string[]): void {
    this.heardTrailers = trailers;
  }

  end(): void {
    this.ended.resolve(this.#text);
  }

  drain(): void {
    this.drained.resolve();
  }

  failed(error: Parameters<OutboundObserver['failed']>[0]): void {
    this.failure.resolve(error);
  }
}

async function relayTo(t: TestContext) {
  const requests: Served[] = [];
  let wake = deferred<void>();
  const { edge } = await openPair(t, (stream) => {
    requests.push(new Served(stream));
    wake.resolve();
  });
  const owner = await openOwner(t, edge);
  const ingress = openIngress(t, owner.path);
  const served = async () => {
    while (requests.length === 0) {
      await wake.promise;
      wake = deferred();
    }
    return requests.shift() as Served;
  };
  return { owner, ingress, served, link: wayTo(ingress), agentLink: edge };
}

describe('a relayed request', () => {
  it('passes heads, interim heads, bodies and trailers both ways', async (t) => {
    const { link, served } = await relayTo(t);
    const headers = ['x-one', '1', 'cookie', 'a=b', 'postern-relay', 'request other 1 x'];
    const asked = new Relayed(link, { ...POST, path: '/a?b', headers }, false);
    asked.stream.write(Buffer.from('up'));
    asked.stream.end(['x-end', 'yes']);
    const request = await served();
    assert.deepEqual(request.stream.head, { ...POST, path: '/a?b', headers });
    let body = '';
    request.body.on('data', (chunk) => {
      body += chunk;
    });
    await once(request.body, 'end');
    assert.equal(body, 'up');
    assert.deepEqual(await request.heardTrailers, ['x-end', 'yes']);
    request.stream.informational({ status: 103, headers: ['link', '</a.css>'] });
    request.respond(201, { endOfBody: false });
    request.stream.write(Buffer.from('down'));
    request.stream.end(['x-sum', '4']);
    assert.equal(await asked.status.promise, 201);
    assert.equal(await asked.ended.promise, 'down');
    assert.deepEqual([asked.early, asked.heardTrailers], [[103], ['x-sum', '4']]);
  });

  it('carries the bytes of a WebSocket both ways', async (t) => {
    const { link, served } = await relayTo(t);
    const asked = new Relayed(link, { ...GET, method: 'CONNECT', protocol: 'websocket' } as typeof GET, false);
    const request = await served();
    request.respond(200, { endOfBody: false });
    assert.equal(await asked.status.promise, 200);
    const body = asked.stream.takeBody();
    body.write('ping');
    const [chunk] = await once(request.body, 'data');
    assert.equal(String(chunk), 'ping');
    request.body.write('pong');
    assert.equal(String((await once(body, 'data'))[0]), 'pong');
  });

  it('says of a WebSocket that breaks off while its agent ends that the link was lost, and else that its app did', async (t) => {
    const { link, served, agentLink } = await relayTo(t);
    const head = { ...GET, method: 'CONNECT', protocol: 'websocket' } as typeof GET;
    for (const code of ['ERR_TARGET_REFUSED', 'ERR_LINK_LOST']) {
      const asked = new Relayed(link, head, false);
      const request = await served();
      request.respond(200, { endOfBody: false });
      await asked.status.promise;
      if (code === 'ERR_LINK_LOST') void agentLink.drain();
      request.stream.cancel();
      assert.equal((await asked.failure.promise).code, code);
    }
  });

  it('is cancelled at the agent when its visitor leaves, before and after the response', async (t) => {
    const { link, served } = await relayTo(t);
    const early = new Relayed(link);
    const first = await served();
    early.stream.cancel();
    await first.isCancelled;
    const late = new Relayed(link);
    const second = await served();
    second.respond(200, { endOfBody: false });
    await late.status.promise;
    late.stream.cancel();
    await second.isCancelled;
  });

  it('whose upload is given up behind its response leaves no stream at the agent', async (t) => {
    const { link, served, agentLink } = await relayTo(t);
    const asked = new Relayed(link, POST, false);
    (await served()).respond(413, { endOfBody: true });
    await asked.ended.promise;
    assert.equal(agentLink.running, 1);
    asked.stream.cancel();
    while (agentLink.running > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('tells the reader of a fast body to wait, and ends whole', async (t) => {
    const { link, served } = await relayTo(t);
    const asked = new Relayed(link);
    asked.stream.pause();
    const request = await served();
    request.respond(200, { endOfBody: false });
    const chunk = Buffer.alloc(65_536, 'x');
    let written = 0;
    // As much as windows and buffers of both hops take, and no more.
    while (request.stream.write(chunk) && written < 4_000) written += 1;
    assert.ok(written < 4_000);
    request.stream.end();
    asked.stream.resume();
    assert.equal((await asked.ended.promise).length, (written + 1) * chunk.length);
  });

  it('that fails at the agent fails as on a link', async (t) => {
    const { link, served, agentLink } = await relayTo(t);
    const refused = new Relayed(link);
    (await served()).stream.cancel();
    assert.equal((await refused.failure.promise).code, 'ERR_TARGET_REFUSED');
    const lost = new Relayed(link);
    await served();
    agentLink.destroy();
    const error = await lost.failure.promise;
    assert.deepEqual([error.code, wasNotProcessed(error)], ['ERR_LINK_LOST', false]);
  });
});

describe('a request that no link of the other node takes', () => {
  for (const [what, place] of [
    ['of an old epoch', { epoch: 6 }],
    ['of a tunnel that is not there', { tunnel: 'other' }],
    ['for a node that has ended', { node: 'gone' }],
    ['for another node than the one that listens', { node: 'another' }],
  ] as const) {
    it(`reaches no agent, and keeps its body: ${what}`, async (t) => {
      const { ingress } = await relayTo(t);
      const asked = new Relayed(wayTo(ingress, place), POST, false);
      assert.equal(asked.stream.write(Buffer.from('body')), false);
      asked.stream.end(['x-end', 'yes']);
      const error = await asked.failure.promise;
      assert.deepEqual([error.code, wasNotProcessed(error)], ['ERR_LINK_LOST', true]);
      assert.deepEqual(asked.stream.unsent, [Buffer.from('body')]);
    });
  }

  it('may be tried again once the link drains', async (t) => {
    const { link, agentLink } = await relayTo(t);
    void agentLink.drain();
    const error = await new Relayed(link).failure.promise;
    assert.ok(wasNotProcessed(error));
  });
});

describe('a probe', () => {
  it('learns whether the agent at another node is alive', async (t) => {
    const { ingress } = await relayTo(t);
    assert.equal(await ingress.probe('owner', { tunnel: 'demo', epoch: 1 }), true);
    assert.equal(await ingress.probe('owner', { tunnel: 'other', epoch: 1 }), false);
  });
});
