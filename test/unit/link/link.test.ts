import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { PosternError } from '../../../src/errors.js';
import type { InboundStream } from '../../../src/http/exchange.js';
import { MAX_STREAMS } from '../../../src/link/link.js';
import { deferred } from '../../support/deferred.js';
import { Asked, openPair, PUBLIC_URL, Served } from './pair.js';

const echo = (stream: InboundStream) => {
  const served = new Served(stream);
  served.respond(200, OPEN);
  served.body.pipe(served.body);
};
const UPLOAD = { method: 'POST' };
const OPEN = { endOfBody: false };

/** An agent that gives its streams to the test, one after the other. */
function streamQueue() {
  const streams: Served[] = [];
  const waiting: ((stream: Served) => void)[] = [];
  return {
    onStream: (stream: InboundStream) => {
      const served = new Served(stream);
      const next = waiting.shift();
      if (next === undefined) streams.push(served);
      else next(served);
    },
    next: async () => streams.shift() ?? (await new Promise<Served>((resolve) => waiting.push(resolve))),
  };
}

describe('a request on a link', () => {
  it('arrives with its head, and so does the response', async (t) => {
    const queue = streamQueue();
    const { edge, agent } = await openPair(t, queue.onStream);
    assert.equal(agent.url, PUBLIC_URL);
    const head = { path: '/a%2Fb?x=\u00e9', headers: ['x-one', '1', 'cookie', 'a=b', 'x-latin', '\u00ff'] };
    const asked = new Asked(edge, head);
    const { stream } = await queue.next();
    assert.deepEqual(stream.head, {
      method: 'GET',
      scheme: 'https',
      authority: 'demo.tunnel.test',
      ...head,
    });
    assert.ok(stream.endOfBody);
    stream.respond({ status: 404, headers: ['set-cookie', 'a', 'set-cookie', 'b'] }, { endOfBody: true });
    assert.deepEqual(await asked.head, {
      status: 404,
      headers: ['set-cookie', 'a', 'set-cookie', 'b'],
      endOfBody: true,
    });
  });

  it('carries bodies both ways at the same time', async (t) => {
    const { edge } = await openPair(t, echo);
    const asked = new Asked(edge, UPLOAD, OPEN);
    const heard = asked.head.then(() => once(asked.body, 'data'));
    asked.body.write('one');
    assert.equal(String((await heard)[0]), 'one');
    asked.body.end(' two');
    assert.equal(await asked.text(), ' two');
  });

  it('carries a hundred concurrent bodies of a megabyte, together larger than any message or window', async (t) => {
    const { edge } = await openPair(t, echo);
    const body = randomBytes(524_288).toString('hex');
    const texts = Array.from({ length: 100 }, () => {
      const asked = new Asked(edge, UPLOAD, OPEN);
      asked.body.end(body);
      return asked.text();
    });
    for (const text of await Promise.all(texts)) assert.ok(text === body);
    assert.equal(edge.draining.aborted, false);
  });

  it('carries trailers both ways, and is reset if they cannot be sent', async (t) => {
    const queue = streamQueue();
    const { edge } = await openPair(t, queue.onStream);
    const asked = new Asked(edge, UPLOAD, OPEN);
    const served = await queue.next();
    asked.stream.write(Buffer.from('body'));
    asked.stream.end(['X-Sum', 'up']);
    served.body.resume();
    assert.deepEqual(await served.heardTrailers, ['x-sum', 'up']);
    served.respond(200, OPEN);
    served.stream.write(Buffer.from('answer'));
    served.stream.end(['x-sum', 'down']);
    assert.equal(await asked.text(), 'answer');
    assert.deepEqual(asked.heardTrailers, ['x-sum', 'down']);

    const broken = new Asked(edge);
    const bad = await queue.next();
    bad.respond(200, OPEN);
    bad.stream.write(Buffer.from('answer'));
    bad.stream.end(['x-sum', '\u0161']);
    await bad.isCancelled;
    await assert.rejects(broken.text(), isCode('ERR_TARGET_REFUSED'));
  });

  it('has informational heads before its response, and never a 101', async (t) => {
    const { edge } = await openPair(t, (stream) => {
      stream.informational({ status: 101, headers: [] });
      stream.informational({ status: 103, headers: ['link', '</a>'] });
      stream.informational({ status: 102, headers: [] });
      stream.respond({ status: 200, headers: [] }, { endOfBody: true });
      stream.informational({ status: 103, headers: ['link', '</late>'] });
    });
    const asked = new Asked(edge);
    await asked.head;
    assert.deepEqual(asked.early, [
      { status: 103, headers: ['link', '</a>'] },
      { status: 102, headers: [] },
    ]);
  });

  it('whose head cannot be sent is refused at once', async (t) => {
    const { edge } = await openPair(t, () => assert.fail('it was carried'));
    for (const head of [
      { headers: ['x-forwarded-email', '\u0161lice@acme.com'] },
      { path: '/\u0161' },
      { path: '/a b' },
    ]) {
      assert.throws(() => new Asked(edge, head), isCode('ERR_BAD_REQUEST'));
    }
    assert.equal(edge.running, 0);
  });

  it('whose response cannot be sent throws at the agent', async (t) => {
    const outcome = deferred<unknown>();
    const { edge } = await openPair(t, (stream) => {
      try {
        stream.respond({ status: 200, headers: ['x', 'a\r\nb'] }, { endOfBody: true });
      } catch (error) {
        outcome.resolve(error);
      }
      stream.cancel();
    });
    const asked = new Asked(edge);
    assert.ok(isCode('ERR_TARGET_PROTOCOL')(await outcome.promise));
    await asked.failure;
  });

  it('counts as running until its stream has closed', async (t) => {
    const queue = streamQueue();
    const { edge } = await openPair(t, queue.onStream);
    const asked = new Asked(edge);
    assert.equal(edge.running, 1);
    (await queue.next()).respond(204);
    await once(asked.body.resume(), 'close');
    assert.equal(edge.running, 0);
  });

  it('above the limit of a link is refused, not queued', async (t) => {
    const queue = streamQueue();
    const { edge } = await openPair(t, queue.onStream);
    for (let at = 0; at < MAX_STREAMS; at++) new Asked(edge, {}, { party: `visitor ${at}` });
    assert.throws(() => new Asked(edge), isCode('ERR_TUNNEL_BUSY'));
    (await queue.next()).respond(204);
  });
});

describe('a request that is aborted', () => {
  for (const when of ['before the answer', 'in the middle of it'] as const) {
    it(`by the agent ${when} is a failure at the edge, never a short body`, async (t) => {
      const queue = streamQueue();
      const { edge } = await openPair(t, queue.onStream);
      const asked = new Asked(edge);
      const stream = await queue.next();
      if (when === 'in the middle of it') {
        stream.respond(200, OPEN);
        stream.body.write('a part');
        await asked.head;
        await once(asked.body, 'readable');
      }
      const ended = deferred<'ended'>();
      asked.body.on('end', () => ended.resolve('ended'));
      stream.stream.cancel();
      const outcome = await Promise.race([ended.promise, asked.failure]);
      assert.ok(isCode('ERR_TARGET_REFUSED')(outcome), String(outcome));
    });
  }

  for (const when of ['before the answer', 'in the middle of it', 'in the middle of an upload'] as const) {
    it(`by the visitor ${when} is reported to the agent, once, and not to the edge`, async (t) => {
      const queue = streamQueue();
      const { edge } = await openPair(t, queue.onStream);
      const asked = new Asked(edge, UPLOAD, OPEN);
      const stream = await queue.next();
      const ended = deferred<string>();
      stream.isCancelled.then(() => ended.resolve('cancelled'));
      stream.body.on('end', () => ended.resolve('a short body'));
      if (when === 'in the middle of an upload') {
        asked.body.write('a part');
        await once(stream.body, 'readable');
      }
      if (when === 'in the middle of it') {
        stream.respond(200, OPEN);
        await asked.head;
      }
      asked.failure.then(() => assert.fail('the edge heard of its own cancel'));
      asked.stream.cancel();
      asked.stream.cancel();
      assert.equal(await ended.promise, 'cancelled');
    });
  }

  it('by the visitor is reported to the agent even if the request was complete', async (t) => {
    const queue = streamQueue();
    const { edge } = await openPair(t, queue.onStream);
    const asked = new Asked(edge);
    const served = await queue.next();
    served.respond(200, OPEN);
    await asked.head;
    let isTold = false;
    served.isCancelled.then(() => {
      isTold = true;
    });
    asked.stream.cancel();
    const next = new Asked(edge); // after the reset, on the same link
    (await queue.next()).respond(200);
    await next.head;
    assert.ok(isTold);
  });

  it('after its complete response has no effect', async (t) => {
    const { edge } = await openPair(t, echo);
    const asked = new Asked(edge, UPLOAD, OPEN);
    asked.body.end('whole');
    assert.equal(await asked.text(), 'whole');
    asked.stream.cancel();
    const next = new Asked(edge, UPLOAD, OPEN);
    next.body.end('next');
    assert.equal(await next.text(), 'next');
  });

  it('is not reported as cancelled to an agent whose complete response was sent', async (t) => {
    const closed = deferred<string>();
    const { edge } = await openPair(t, (stream) => {
      const served = new Served(stream);
      served.isCancelled.then(() => closed.resolve('cancelled'));
      served.body.once('close', () => setImmediate(() => closed.resolve('closed')));
      served.respond(200);
      served.body.end();
    });
    const asked = new Asked(edge);
    asked.body.resume();
    assert.equal(await closed.promise, 'closed');
  });
});

describe('a link that ends', () => {
  for (const end of ['edge', 'agent'] as const) {
    it(`because the ${end} drains lets running requests finish and accepts no new one`, async (t) => {
      const queue = streamQueue();
      const pair = await openPair(t, queue.onStream);
      const asked = new Asked(pair.edge, UPLOAD, OPEN);
      const stream = await queue.next();
      const drained = pair[end].drain();
      await Promise.all([aborted(pair.edge.draining), aborted(pair.agent.draining)]);
      assert.throws(() => new Asked(pair.edge), isLost);
      stream.respond(200, OPEN);
      stream.body.pipe(stream.body);
      asked.body.end('still carried');
      assert.equal(await asked.text(), 'still carried');
      await drained;
      assert.deepEqual(await Promise.all([pair.edge.closed, pair.agent.closed]), [undefined, undefined]);
    });

    it(`because the ${end} destroys it fails running requests on both sides`, async (t) => {
      const queue = streamQueue();
      const pair = await openPair(t, queue.onStream);
      const asked = new Asked(pair.edge, UPLOAD, OPEN);
      const stream = await queue.next();
      let isTold = false;
      stream.isCancelled.then(() => {
        isTold = true;
      });
      pair[end].destroy();
      await Promise.all([pair.edge.closed, pair.agent.closed]);
      assert.ok(isLost(await Promise.race([asked.failure, undefined])));
      assert.ok(isTold);
      assert.ok(pair.edge.draining.aborted && pair.agent.draining.aborted);
      await assert.rejects(pair.edge.ping(), isLost);
      assert.throws(() => new Asked(pair.edge), isLost);
    });
  }

  it('can be drained and destroyed again', async (t) => {
    const { edge, agent } = await openPair(t, echo);
    await Promise.all([edge.drain(), edge.drain(), agent.drain()]);
    edge.destroy();
    agent.destroy();
    await edge.drain();
  });

  it('resolves with the reason for which it was destroyed', async (t) => {
    const { edge } = await openPair(t, echo);
    edge.destroy(new PosternError('ERR_TOKEN_INVALID', 'expired'));
    assert.equal((await edge.closed)?.code, 'ERR_TOKEN_INVALID');
  });

  it('acknowledges a PING while it is alive', async (t) => {
    const { edge } = await openPair(t, echo);
    const began = performance.now();
    const roundTripMs = await edge.ping();
    assert.ok(roundTripMs > 0 && roundTripMs <= performance.now() - began, `${roundTripMs} ms`);
  });
});

function isCode(code: string) {
  return (error: unknown) => error instanceof PosternError && error.code === code;
}

function isLost(error: unknown): boolean {
  return isCode('ERR_LINK_LOST')(error);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

describe('a notice that a link will be left', () => {
  it('is known to the agent, which serves on until the link drains', async (t) => {
    const { edge, agent } = await openPair(t, echo);
    edge.notice();
    await aborted(agent.draining);
    assert.equal(edge.draining.aborted, false);
    for (const _ of [1, 2]) assert.equal((await new Asked(edge).head).status, 200); // also after the link was idle
    void edge.drain();
    await agent.closed;
  });
});
