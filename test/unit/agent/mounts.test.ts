/** Several servers behind one tunnel, and others in their place while the link stays. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Agent, type AgentOptions, startAgentWith } from '../../../src/agent/agent.js';
import type { InboundStream } from '../../../src/http/exchange.js';
import type { AgentLink } from '../../../src/link/dial.js';
import { FakeInbound, type FakeRequest } from './fake-inbound.js';

const PUBLIC = ['x-forwarded-proto', 'https', 'x-forwarded-host', 'demo.tunnel.test', 'x-forwarded-port', '443'];

/** A server that says which one it is and what it was asked for. */
async function server(t: TestContext, name: string, first: (...of: Parameters<RequestListener>) => unknown = () => {}) {
  const started = http.createServer((request, response) => {
    if (first(request, response) !== 'taken') response.end(`${name} ${request.url} ${request.headers.host}`);
  });
  started.on('upgrade', (request, socket) => {
    const accept = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const digest = createHash('sha1').update(key).digest('base64');
    socket.write(`${accept}Sec-WebSocket-Accept: ${digest}\r\n\r\n${name} ${request.headers.origin}`);
    t.after(() => socket.destroy());
  });
  started.listen(0, '127.0.0.1');
  await once(started, 'listening');
  t.after(() => started.closeAllConnections());
  t.after(() => started.close());
  return started;
}

const portOf = (of: http.Server) => (of.address() as AddressInfo).port;

/** An agent whose link the test holds. */
function start(t: TestContext, options: Pick<AgentOptions, 'target' | 'mounts' | 'hostHeader'>) {
  const dialled: { offer: { readonly allow: readonly string[] }; onStream: (stream: InboundStream) => void }[] = [];
  const agent: Agent = startAgentWith(
    { edge: 'https://tunnel.test', token: 'token', name: 'demo', ...options },
    {
      dial: async (_edge, offer, { onStream }) => {
        dialled.push({ offer, onStream });
        const never = new AbortController().signal;
        const ends = { drain: async () => {}, destroy: () => {} };
        return {
          url: 'https://demo.tunnel.test',
          closed: new Promise(() => {}),
          draining: never,
          ...ends,
        } as AgentLink;
      },
    },
  );
  t.after(() => agent.destroy());
  const open = (path: string, request: FakeRequest = {}) => {
    const stream = new FakeInbound({ ...request, path, headers: [...PUBLIC, ...(request.headers ?? [])] });
    dialled[0]?.onStream(stream);
    return stream;
  };
  return { agent, dialled, open, ask: (path: string) => open(path).answer() };
}

describe('mounts', () => {
  it('send each path to its own server, unchanged and with its own Host', async (t) => {
    const [web, api, v2] = [await server(t, 'web'), await server(t, 'api'), await server(t, 'v2')];
    const mounts = { '/api': portOf(api), '/api/v2/': `http://127.0.0.1:${portOf(v2)}` };
    const { agent, ask } = start(t, { target: portOf(web), mounts, hostHeader: { literal: 'shop.test' } });
    await agent.online;
    assert.equal((await ask('/a%20b?c')).body, 'web /a%20b?c shop.test');
    assert.equal((await ask('/api/x?y=/api/v2')).body, `api /api/x?y=/api/v2 localhost:${portOf(api)}`);
    assert.equal((await ask('/api/v2/z')).body, `v2 /api/v2/z 127.0.0.1:${portOf(v2)}`);
    assert.equal((await ask('/apix')).body, 'web /apix shop.test');
  });

  it('K11 give a path that could be that of two servers to none', async (t) => {
    const reached: string[] = [];
    const note = ({ url }: http.IncomingMessage) => reached.push(url ?? '');
    const [web, api] = [await server(t, 'web', note), await server(t, 'api', note)];
    const { agent, ask } = start(t, { target: portOf(web), mounts: { '/api': portOf(api) } });
    await agent.online;
    for (const path of ['/api/../admin', '/%61pi/x', '/api/%2e%2e/admin', '//api'])
      assert.equal((await ask(path)).status, 400, path);
    assert.deepEqual(reached, []);
  });

  it('join the servers under one origin: a WebSocket, and URLs that name either of them', async (t) => {
    const web = await server(t, 'web');
    const api = await server(t, 'api', ({ url }, response) => {
      const to = new URLSearchParams(url?.split('?')[1]).get('to');
      if (to !== null) response.writeHead(302, { location: to, 'set-cookie': 'a=b; Domain=localhost' });
    });
    const { agent, ask, open } = start(t, { target: portOf(web), mounts: { '/api': portOf(api) } });
    await agent.online;
    const location = async (to: string) => {
      const { headers } = await ask(`/api/go?to=${encodeURIComponent(to)}`);
      assert.equal(headers[headers.indexOf('set-cookie') + 1], 'a=b; Domain=demo.tunnel.test');
      return headers[headers.indexOf('location') + 1];
    };
    assert.equal(await location(`http://localhost:${portOf(api)}/api/x`), 'https://demo.tunnel.test/api/x');
    assert.equal(await location(`http://localhost:${portOf(web)}/home`), 'https://demo.tunnel.test/home');
    assert.equal(await location('http://localhost:1/x'), 'http://localhost:1/x');
    const socket = open('/api/ws', { protocol: 'websocket', headers: ['origin', 'https://demo.tunnel.test'] });
    assert.equal((await socket.responded).status, 200);
    const [bytes] = (await once(socket.far, 'data')) as [Buffer];
    assert.equal(String(bytes), `api http://localhost:${portOf(api)}`);
  });

  it('refuse what is no path, a path twice, and too many', (t) => {
    const mounts = (text: Record<string, number>) => () => start(t, { target: 1, mounts: text });
    for (const given of [{ api: 1 }, { '/': 1 }, { '/a/../b': 1 }, { '/a': 1, '/a/': 2 }, { '/a': 0 }])
      assert.throws(mounts(given), { code: 'ERR_CONFIG_INVALID' }, JSON.stringify(given));
    assert.throws(mounts(Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`/${at}`, 1]))), {
      code: 'ERR_CONFIG_INVALID',
    });
  });
});

describe('Agent.change', () => {
  it('serves from another target at once over the same link, finishes what runs, and cuts WebSockets', async (t) => {
    let release: () => void = () => {};
    const before = await server(t, 'before', ({ url }, response) => {
      if (url !== '/slow') return '';
      response.write('slow');
      release = () => response.end(' done');
      return 'taken';
    });
    const after = await server(t, 'after');
    const { agent, dialled, ask, open } = start(t, { target: portOf(before) });
    await agent.online;
    const slow = open('/slow');
    await slow.responded;
    const socket = open('/ws', { protocol: 'websocket' });
    await once(socket.far, 'data');
    const cut = once(socket.far, 'error');
    agent.change({ target: portOf(after), mounts: { '/old': portOf(before) } });
    await cut;
    assert.match((await ask('/')).body, /^after /);
    assert.match((await ask('/old/x')).body, /^before \/old\/x/);
    release();
    assert.equal(await slow.text(), 'slow done');
    assert.equal(dialled.length, 1);
  });

  it('lets go of a server that has none of its requests any more', async (t) => {
    const [busy, ...resting] = [await server(t, 'busy'), await server(t, 'one'), await server(t, 'two')];
    const listeners = (of: http.Server) => of.listenerCount('close');
    const own = listeners(busy);
    busy.removeAllListeners('request').on('request', (_request, response) => response.write('half'));
    const { agent, open, ask } = start(t, { target: busy });
    await agent.online;
    const slow = open('/slow');
    await slow.responded;
    for (const other of resting) {
      agent.change({ target: other });
      assert.match((await ask('/')).body, /^(?:one|two) /);
    }
    agent.change({ target: portOf(resting[0] as http.Server) });
    assert.deepEqual(resting.map(listeners), [own, own]);
    assert.ok(listeners(busy) > own, 'a request still runs there');
  });

  it('offers what the edge must know with a new link, and changes nothing when an option is wrong', async (t) => {
    const web = await server(t, 'web');
    const { agent, dialled, ask } = start(t, { target: portOf(web) });
    await agent.online;
    assert.throws(() => agent.change({ target: 0, allow: ['@acme.com'] }), { code: 'ERR_CONFIG_INVALID' });
    assert.match((await ask('/')).body, /^web /);
    assert.equal(dialled.length, 1);
    agent.change({ allow: ['@acme.com'], readOnly: true });
    while (dialled.length < 2) await new Promise(setImmediate);
    assert.deepEqual(dialled[1]?.offer.allow, ['@acme.com']);
  });
});
