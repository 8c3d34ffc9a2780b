import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type ErrorCode, PosternError } from '../../../src/errors.js';
import { acceptLink } from '../../../src/link/accept.js';
import { dialEdge } from '../../../src/link/dial.js';
import {
  type Offer,
  readOffer,
  readPublicUrl,
  readRefusal,
  writeOffer,
  writeRefusal,
} from '../../../src/link/handshake.js';
import { OFFER } from './pair.js';

const PROTOCOL = ['Sec-WebSocket-Protocol', 'postern.h2'];
const isCode = (code: ErrorCode) => (error: unknown) => error instanceof PosternError && error.code === code;

function written(offer: Offer): string[] {
  return [...PROTOCOL, ...Object.entries(writeOffer(offer)).flat()];
}

describe('an offer', () => {
  for (const [what, change] of [
    ['everything', { allow: ['@acme.com', 'bob@x.com', 'group:eng'] }],
    ['no name', { name: undefined }],
    ['no rules', { allow: [] }],
    ['origins', { origins: ['https://web.acme.com', 'http://localhost:3000'] }],
    ['a rule outside of ASCII', { allow: ['zoë@acme.com', 'group:Ingénieurs & amis'] }],
    ['a rule with a percent sign', { allow: ['group:100%', 'group:%41'] }],
  ] as const) {
    it(`with ${what} is read as written`, () => {
      const offer = { ...OFFER, ...change };
      assert.deepEqual(readOffer(written(offer)), offer);
    });
  }

  it('is found among other headers, in any case and order', () => {
    const headers = ['POSTERN-AGENT', OFFER.agentId, 'Cookie', 'a=b', 'authorization', 'bearer  token'];
    const more = [
      'sec-websocket-protocol',
      'other, postern.h2',
      'Postern-Allow',
      'a@x.com,,',
      'postern-allow',
      ' b@x.com ',
    ];
    const expected = { ...OFFER, name: undefined, allow: ['a@x.com', 'b@x.com'] };
    assert.deepEqual(readOffer([...headers, ...more]), expected);
  });

  for (const [what, code, headers] of [
    ['another subprotocol', 'ERR_PROTOCOL_VERSION', ['Sec-WebSocket-Protocol', 'postern.h3']],
    ['no subprotocol', 'ERR_PROTOCOL_VERSION', []],
    ['no token', 'ERR_TOKEN_INVALID', [...PROTOCOL, 'Postern-Agent', OFFER.agentId]],
    ['a token of another scheme', 'ERR_TOKEN_INVALID', [...PROTOCOL, 'Authorization', 'Basic token']],
    ['a token with a space', 'ERR_TOKEN_INVALID', [...PROTOCOL, 'Authorization', 'Bearer to ken']],
    ['an empty token', 'ERR_TOKEN_INVALID', [...PROTOCOL, 'Authorization', 'Bearer ']],
    ['two tokens', 'ERR_OFFER_INVALID', [...written(OFFER), 'Authorization', 'Bearer other']],
    ['two names', 'ERR_OFFER_INVALID', [...written(OFFER), 'Postern-Tunnel', 'other']],
    ['two agents', 'ERR_OFFER_INVALID', [...written(OFFER), 'Postern-Agent', OFFER.agentId]],
    ['no agent', 'ERR_OFFER_INVALID', [...PROTOCOL, 'Authorization', 'Bearer token']],
    ['a short agent', 'ERR_OFFER_INVALID', written({ ...OFFER, agentId: 'short' })],
    ['an odd agent', 'ERR_OFFER_INVALID', written({ ...OFFER, agentId: 'agent 0123456789 <b>' })],
    ['a hundred and one rules', 'ERR_OFFER_INVALID', written({ ...OFFER, allow: Array(101).fill('@a.com') })],
    ['twenty-one origins', 'ERR_OFFER_INVALID', written({ ...OFFER, origins: Array(21).fill('https://a.com') })],
    ['an origin with a path', 'ERR_OFFER_INVALID', written({ ...OFFER, origins: ['https://a.com/x'] })],
    ['an origin that is none', 'ERR_OFFER_INVALID', written({ ...OFFER, origins: ['*'] })],
    ['a rule that is not UTF-8', 'ERR_OFFER_INVALID', [...written(OFFER), 'Postern-Allow', 'group:%ff']],
  ] as const) {
    it(`with ${what} is refused with ${code}`, () => {
      assert.throws(() => readOffer(headers), isCode(code));
    });
  }
});

describe('a refusal', () => {
  for (const code of ['ERR_TOKEN_INVALID', 'ERR_NAME_TAKEN', 'ERR_PROTOCOL_VERSION', 'ERR_EDGE_DRAINING'] as const) {
    it(`with ${code} arrives with its sentence, and closes the connection`, async (t) => {
      const refused = new PosternError(code, 'for the log only', { text: 'Said “to” the agent.' });
      const edge = await listening(t, (_request, socket) => writeRefusal(socket, refused));
      await assert.rejects(dialEdge(edge, OFFER, { onStream: () => assert.fail() }), (error: PosternError) => {
        assert.deepEqual([error.code, error.text, error.retryable], [code, refused.text, refused.retryable]);
        return true;
      });
    });
  }

  it('is read only as far as an edge would write one', () => {
    const body = JSON.stringify({ error: { code: 'ERR_NAME_TAKEN', message: 'm'.repeat(10_000) } });
    assert.equal(readRefusal(409, body).text.length, 500);
    assert.equal(readRefusal(409, '{"error":{"code":"ERR_NAME_TAKEN","message":7}}').code, 'ERR_NAME_TAKEN');
  });

  for (const [status, body, code] of [
    [404, '<html>', 'ERR_PROTOCOL_VERSION'],
    [301, '', 'ERR_PROTOCOL_VERSION'],
    [200, '{"error":{"code":"toString"}}', 'ERR_PROTOCOL_VERSION'],
    [403, 'null', 'ERR_PROTOCOL_VERSION'],
    [403, '{"error":null}', 'ERR_PROTOCOL_VERSION'],
    [403, '{"error":{"code":["ERR_NAME_TAKEN"]}}', 'ERR_PROTOCOL_VERSION'],
    [429, '', 'ERR_LINK_LOST'],
    [502, 'Bad Gateway', 'ERR_LINK_LOST'],
    [503, '', 'ERR_LINK_LOST'],
  ] as const) {
    it(`that is not an edge's, ${status} ${body}, is ${code}`, () => {
      assert.equal(readRefusal(status, body).code, code);
    });
  }

  it('of an address with another server, or none, is a lost link', async (t) => {
    const silent = createSocketServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n', () => socket.destroy())).listen(
      0,
      '127.0.0.1',
    );
    await once(silent, 'listening');
    t.after(() => silent.close());
    const dial = (url: string) => dialEdge(url, OFFER, { onStream: () => assert.fail() });
    await assert.rejects(dial(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`), isCode('ERR_LINK_LOST'));
    await assert.rejects(dial('http://127.0.0.1:1'), isCode('ERR_LINK_LOST'));
  });

  it('is the end of an aborted attempt', async (t) => {
    const attempt = new AbortController();
    const edge = await listening(t, () => attempt.abort());
    const dialled = dialEdge(edge, OFFER, { signal: attempt.signal, onStream: () => assert.fail() });
    await assert.rejects(dialled, isCode('ERR_LINK_LOST'));
    const again = dialEdge(edge, OFFER, { signal: attempt.signal, onStream: () => assert.fail() });
    await assert.rejects(again, isCode('ERR_LINK_LOST'));
  });
});

describe('the public URL', () => {
  for (const url of ['https://demo.tunnel.test', 'http://demo.localhost:8080']) {
    it(`${url} is one`, () => assert.equal(readPublicUrl(url), url));
  }
  for (const url of [
    undefined,
    [],
    '',
    'demo',
    'https://demo.tunnel.test/',
    'https://demo.tunnel.test/x',
    'https://DEMO.tunnel.test',
    'https://a:b@demo.tunnel.test',
    'https://demo.tunnel.test:443',
    'ftp://demo.tunnel.test',
    'javascript:alert(1)',
    'https://demo.tunnel.test\u001b[2J',
    'https://š.test',
  ]) {
    it(`${JSON.stringify(url)} is none`, () => assert.equal(readPublicUrl(url), undefined));
  }

  it('is required by an agent', async (t) => {
    const edge = await listening(t, (request, socket, head) => {
      acceptLink(request, socket, head, { url: 'https://demo.tunnel.test/path' }, (link) =>
        t.after(() => link.destroy()),
      );
    });
    await assert.rejects(dialEdge(edge, OFFER, { onStream: () => assert.fail() }), isCode('ERR_PROTOCOL_VERSION'));
  });
});

describe('an upgrade that is not a WebSocket handshake', () => {
  it('gets a 400, and no link is opened', async (t) => {
    const edge = await listening(t, (request, socket, head) => {
      acceptLink(request, socket, head, { url: 'https://demo.tunnel.test' }, () => assert.fail('a link was opened'));
    });
    const socket = connect(Number(new URL(edge).port), '127.0.0.1');
    socket.end('GET /.postern/link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const chunks = await socket.setEncoding('latin1').toArray();
    assert.match(chunks.join(''), /^HTTP\/1\.1 400 /);
  });
});

type Upgraded = Parameters<typeof acceptLink>;

/** A server that treats each upgrade with `onUpgrade`; its origin. */
async function listening(t: TestContext, onUpgrade: (...args: [Upgraded[0], Upgraded[1], Upgraded[2]]) => void) {
  const server = createServer().on('upgrade', onUpgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
