import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type AgentSeams, startAgent, startAgentWith } from '../../../src/agent/agent.js';
import { silentLog } from '../../../src/core/log.js';
import { type ErrorCode, PosternError } from '../../../src/errors.js';
import { FakeInbound } from './fake-inbound.js';
import { FakeLink } from './fake-link.js';

type DialArguments = Parameters<AgentSeams['dial']>;

interface Edge {
  readonly links: FakeLink[];
  readonly offers: DialArguments[];
  readonly events: string[];
  /** Outcomes of the next attempts; without one an attempt is admitted. */
  readonly refusals: unknown[];
  readonly agent: ReturnType<typeof startAgent>;
  /** Resolves when the agent has reported this event. */
  told(event: string, times?: number): Promise<void>;
}

interface Settings {
  readonly refusals?: unknown[];
  readonly target?: string;
  readonly nowMs?: () => number;
  readonly wait?: AgentSeams['wait'];
  readonly token?: () => Promise<string>;
}

function start(t: TestContext, settings: Settings = {}): Edge {
  const [links, offers, events]: [FakeLink[], DialArguments[], string[]] = [[], [], []];
  const refusals = settings.refusals ?? [];
  let wake: (() => void)[] = [];
  const tell = (event: string) => {
    events.push(event);
    for (const resume of wake.splice(0)) resume();
  };
  const agent = startAgentWith(
    {
      edge: 'https://tunnel.test',
      token: settings.token ?? 'token',
      name: 'demo',
      allow: ['@acme.com'],
      target: new URL(settings.target ?? 'http://127.0.0.1:9'),
      hostHeader: 'rewrite',
      log: silentLog,
      events: {
        online: () => tell('online'),
        offline: (error) => tell(`offline ${error.code}`),
        request: (record) => tell(`request ${record.status}`),
        hint: () => {}, // there is no target here: the hint may come at any time
      },
    },
    {
      dial: async (...dialled) => {
        offers.push(dialled);
        if (refusals.length > 0) throw refusals.shift();
        const link = new FakeLink({ onStream: dialled[2].onStream });
        links.push(link);
        return link;
      },
      wait: settings.wait ?? (() => Promise.resolve()),
      ...(settings.nowMs && { now: settings.nowMs }),
    },
  );
  t.after(() => {
    wake = [];
    agent.destroy();
  });
  const count = (event: string) => events.filter((told) => told === event).length;
  const told = async (event: string, times = 1) => {
    while (count(event) < times) await new Promise<void>((resolve) => wake.push(resolve));
  };
  return { links, offers, events, refusals, agent, told };
}

function refusal(code: ErrorCode): PosternError {
  return new PosternError(code);
}

describe('startAgent', () => {
  it('sends its options in the offer, under one id per agent', async (t) => {
    const edge = start(t, { refusals: [refusal('ERR_EDGE_DRAINING')] });
    await edge.told('online');
    const [origin, offer] = edge.offers[0] as DialArguments;
    assert.deepEqual(
      [origin, offer.token, offer.name, offer.allow],
      ['https://tunnel.test', 'token', 'demo', ['@acme.com']],
    );
    assert.equal(edge.offers[1]?.[1].agentId, offer.agentId);
    assert.match(offer.agentId, /^[\w-]{16,64}$/);
    await edge.agent.close();
  });

  it('dials again after a temporary refusal', async (t) => {
    const edge = start(t, {
      refusals: [refusal('ERR_LINK_LOST'), refusal('ERR_EDGE_DRAINING'), refusal('ERR_RATE_LIMITED')],
    });
    await edge.told('online');
    assert.deepEqual(edge.events, [
      'offline ERR_LINK_LOST',
      'offline ERR_EDGE_DRAINING',
      'offline ERR_RATE_LIMITED',
      'online',
    ]);
  });

  it('ends with a permanent refusal', async (t) => {
    for (const code of ['ERR_TOKEN_INVALID', 'ERR_NAME_FORBIDDEN', 'ERR_NAME_TAKEN', 'ERR_PROTOCOL_VERSION'] as const) {
      const edge = start(t, { refusals: [refusal(code)] });
      await assert.rejects(edge.agent.ended, { code });
      assert.deepEqual(edge.events, []);
      assert.equal(edge.offers.length, 1);
      await edge.agent.close();
    }
  });

  it('ends with an error that is not a refusal', async (t) => {
    const edge = start(t, { refusals: [new TypeError('a fault')] });
    await assert.rejects(edge.agent.ended, { code: 'ERR_INTERNAL' });
  });

  it('dials again when the link is lost', async (t) => {
    const edge = start(t);
    await edge.told('online');
    edge.links[0]?.lose(refusal('ERR_LINK_LOST'));
    await edge.told('online', 2);
    edge.links[1]?.lose();
    await edge.told('online', 3);
    assert.deepEqual(edge.events, ['online', 'offline ERR_LINK_LOST', 'online', 'offline ERR_LINK_LOST', 'online']);
  });

  it('ends when the redial is refused permanently', async (t) => {
    const edge = start(t);
    await edge.told('online');
    edge.refusals.push(refusal('ERR_TOKEN_INVALID'));
    edge.links[0]?.lose();
    await assert.rejects(edge.agent.ended, { code: 'ERR_TOKEN_INVALID' });
  });

  it('dials again as soon as the link drains, and finishes its requests on the old one', async (t) => {
    const edge = start(t);
    await edge.told('online');
    edge.links[0]?.announceDrain();
    await edge.told('online', 2);
    assert.equal(edge.links[0]?.ended, false);
    assert.deepEqual(edge.events, ['online', 'online']);
    edge.links[0]?.lose();
    await edge.agent.close();
    assert.equal(edge.links[1]?.ended, true);
    assert.deepEqual(edge.events, ['online', 'online']);
  });

  it('dials an edge that drains each link at once less and less often, and holds no more than sixteen of them', async (t) => {
    let nowMs = 0;
    const waits: number[] = [];
    const edge = start(t, { nowMs: () => nowMs, wait: async (ms) => void waits.push(ms) });
    for (let up = 1; up <= 60; up += 1) {
      await edge.told('online', up);
      edge.links.at(-1)?.announceDrain(); // and ends none of them
      if (up === 4) assert.deepEqual(waits, [], 'as where an edge is updated node by node');
    }
    await edge.told('online', 61);
    assert.equal(waits.length, 56);
    assert.ok((waits.at(-1) ?? 0) >= 1_000, `${waits.at(-1)} ms`);
    assert.equal(edge.links.filter(({ ended }) => !ended).length, 16);
    assert.equal(edge.links.at(-1)?.ended, false);
    nowMs += 5_000;
    edge.links.at(-1)?.announceDrain();
    await edge.told('online', 62);
    edge.links.at(-1)?.announceDrain();
    await edge.told('online', 63);
    assert.equal(waits.length, 56, 'one that was stable begins anew');
  });

  it('dials once more when it is told to, with the token of then, and the old link serves on until the edge drains it', async (t) => {
    let count = 0;
    const edge = start(t, { token: async () => `token ${++count}` });
    await edge.told('online');
    edge.agent.redial();
    await edge.told('online', 2);
    assert.deepEqual(
      edge.offers.map(([, { token }]) => token),
      ['token 1', 'token 2'],
    );
    assert.equal(edge.links[0]?.draining.aborted, false);
    edge.links[0]?.lose(); // drained by the edge
    edge.agent.redial();
    await edge.told('online', 3);
    assert.deepEqual(edge.events, ['online', 'online', 'online']);
    assert.equal(edge.offers.length, 3);
  });

  it('is not offline while the link that is to be replaced serves on, and tries again', async (t) => {
    const edge = start(t);
    await edge.told('online');
    edge.refusals.push(refusal('ERR_LINK_LOST'), refusal('ERR_EDGE_FULL'));
    edge.agent.redial();
    await edge.told('online', 2);
    assert.deepEqual(edge.events, ['online', 'online']);
    assert.equal(edge.offers.length, 4);
  });

  it('ends when there is no token for a dial, and waits when there is none for now', async (t) => {
    const refused = start(t, { token: () => Promise.reject(refusal('ERR_TOKEN_INVALID')) });
    await assert.rejects(refused.agent.ended, { code: 'ERR_TOKEN_INVALID' });
    let count = 0;
    const later = start(t, {
      token: () => (++count < 3 ? Promise.reject(refusal('ERR_LINK_LOST')) : Promise.resolve('token')),
    });
    await later.told('online');
    assert.deepEqual(later.events, ['offline ERR_LINK_LOST', 'offline ERR_LINK_LOST', 'online']);
  });

  it('passes the requests of every link to the target and reports them', async (t) => {
    const server = http.createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const edge = start(t, { target: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` });
    await edge.told('online');
    const stream = new FakeInbound();
    edge.links[0]?.onStream(stream);
    assert.equal((await stream.answer()).body, 'hello');
    assert.deepEqual(edge.events, ['online', 'request 200']);
  });

  it('closes: drains the link, dials no more, and ends', async (t) => {
    const edge = start(t);
    await edge.told('online');
    await edge.agent.close();
    await edge.agent.ended;
    assert.equal(edge.links[0]?.ended, true);
    assert.equal(edge.offers.length, 1);
    assert.equal(edge.offers[0]?.[2].signal?.aborted, true);
  });

  it('destroys a link that comes up after it was destroyed', async (t) => {
    const edge = start(t);
    edge.agent.destroy();
    await edge.agent.ended;
    assert.ok(edge.links.every((link) => link.ended));
    assert.deepEqual(edge.events, []);
  });

  it('rejects an invalid target before it dials', (t) => {
    assert.throws(() => start(t, { target: 'ftp://x/' }), { code: 'ERR_CONFIG_INVALID' });
  });

  it('needs no more than an edge, a token and a target, which may be a port, a host and port, or a URL', async () => {
    for (const target of [9, '9', 'localhost:9', 'http://127.0.0.1:9', new URL('http://127.0.0.1:9')]) {
      const agent = startAgent({ edge: 'http://127.0.0.1:9', token: 'token', target });
      agent.destroy();
      await agent.ended;
    }
    for (const target of [0, 70_000, 'nope', 'http://127.0.0.1/path']) {
      const start = () => startAgent({ edge: 'http://127.0.0.1:9', token: 'token', target });
      assert.throws(start, { code: 'ERR_CONFIG_INVALID' });
    }
  });

  it('resolves with the URL of the tunnel, after temporary refusals', async (t) => {
    const edge = start(t, { refusals: [refusal('ERR_EDGE_DRAINING')] });
    assert.equal(await edge.agent.online, 'https://demo.tunnel.test');
  });

  it('rejects the URL with the error that ended it, and causes no unhandled rejection', async (t) => {
    const refused = start(t, { refusals: [refusal('ERR_NAME_TAKEN')] });
    await assert.rejects(refused.agent.online, { code: 'ERR_NAME_TAKEN' });
    const closed = startAgent({ edge: 'http://127.0.0.1:9', token: 'token', target: 9 });
    await closed.close();
    await assert.rejects(closed.online, { code: 'ERR_LINK_LOST' });
  });
});
