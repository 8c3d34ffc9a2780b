/** A WebSocket that the gate has let in: what the agent is asked, and what the visitor gets for each response. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import type { Forwarder } from '../../../../src/edge/forward/forwarder.js';
import { checkUpgrade, responseOn, Upgrade } from '../../../../src/edge/forward/websocket.js';
import type { Admitted } from '../../../../src/edge/gate/gate.js';
import { openContext } from '../../../../src/edge/request/checks.js';
import { PosternError } from '../../../../src/errors.js';
import type { InboundStream } from '../../../../src/http/exchange.js';
import { deferred } from '../../../support/deferred.js';
import { Transcript } from '../../../support/transcript.js';
import { openPair, Served } from '../../link/pair.js';

const BASE = readBaseAddress('http://localhost') ?? assert.fail();
// RFC 6455 section 1.3.
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const GOOD = { upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': KEY };

describe('the handshake of a WebSocket', () => {
  for (const [what, method, headers, code] of [
    ['as it should be', 'GET', GOOD, undefined],
    ['in other letters', 'GET', { ...GOOD, upgrade: 'WebSocket' }, undefined],
    ['by POST', 'POST', GOOD, 'ERR_BAD_REQUEST'],
    ['to another protocol', 'GET', { ...GOOD, upgrade: 'h2c' }, 'ERR_BAD_REQUEST'],
    ['to one of several', 'GET', { ...GOOD, upgrade: 'websocket, h2c' }, 'ERR_BAD_REQUEST'],
    ['of an older version', 'GET', { ...GOOD, 'sec-websocket-version': '8' }, 'ERR_PROTOCOL_VERSION'],
    ['of two versions', 'GET', { ...GOOD, 'sec-websocket-version': '13, 8' }, 'ERR_PROTOCOL_VERSION'],
    ['without a version', 'GET', { ...GOOD, 'sec-websocket-version': undefined }, 'ERR_PROTOCOL_VERSION'],
    ['without a key', 'GET', { ...GOOD, 'sec-websocket-key': undefined }, 'ERR_BAD_REQUEST'],
    ['with a key of fewer bytes', 'GET', { ...GOOD, 'sec-websocket-key': 'AAAA' }, 'ERR_BAD_REQUEST'],
    ['with two keys', 'GET', { ...GOOD, 'sec-websocket-key': `${KEY}, ${KEY}` }, 'ERR_BAD_REQUEST'],
  ] as const) {
    it(`${code === undefined ? 'passes' : `is ${code}`}: ${what}`, () => {
      const check = () => checkUpgrade({ method, headers } as unknown as IncomingMessage);
      if (code === undefined) check();
      else assert.throws(check, { code });
    });
  }
});

interface Setting {
  readonly onStream?: (stream: InboundStream) => void;
  readonly requestHead?: (request: IncomingMessage) => ReturnType<Forwarder['requestHead']>;
}

/** A server that takes every upgrade for one that the gate has let in; `dial` is a visitor. */
async function openDoor(t: TestContext, { onStream = () => {}, requestHead }: Setting) {
  const { edge } = await openPair(t, onStream);
  const tunnel = { host: 'demo.localhost', framing: '' };
  const session = { identity: { subject: 'ana' } };
  const verdict = { kind: 'forward', link: edge, session, rule: '@acme.com', tunnel } as unknown as Admitted;
  const headOf = ({ rawHeaders }: IncomingMessage) => ({
    method: 'GET',
    scheme: 'http' as const,
    authority: 'demo.localhost',
    path: '/ws',
    headers: rawHeaders
      .map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text))
      .filter((_, at, all) => isKept(all, at)),
  });
  const refusals: string[] = [];
  const upgrades: Upgrade[] = [];
  const arrived = deferred<Upgrade>();
  const server = createServer().on('upgrade', (request: IncomingMessage, socket: Socket, early: Buffer) => {
    openContext(request, BASE, '198.51.100.1');
    socket.on('error', () => socket.destroy()); // as the door does
    const response = responseOn(request, socket);
    const refuse = (_request: IncomingMessage, _response: unknown, { code }: PosternError) => {
      refusals.push(code);
      response.writeHead(502).end();
    };
    const forwarder = { requestHead: requestHead ?? headOf } as unknown as Forwarder;
    const upgrade = new Upgrade(request, socket, verdict, { forwarder, response, early, refuse });
    upgrades.push(upgrade);
    void upgrade.forward().then(() => arrived.resolve(upgrade));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const dial = (early = '') => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    t.after(() => socket.destroy());
    const fields = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: chat',
    ];
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: demo.localhost\r\n${fields.join('\r\n')}\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n${early}`,
    );
    return { socket, heard: new Transcript(socket) };
  };
  return { edge, dial, refusals, arrived: arrived.promise };
}

// What a forwarder takes out before: fields of this connection.
function isKept(all: readonly string[], at: number): boolean {
  const name = all[at - (at % 2)] as string;
  return !['connection', 'upgrade', 'host'].includes(name);
}

describe('a WebSocket that is let in', () => {
  it('is an extended CONNECT without the visitor’s key, and a 101 that proves that we have read it', async (t) => {
    const asked = deferred<InboundStream>();
    const { dial } = await openDoor(t, {
      onStream: (stream) => {
        asked.resolve(stream);
        const served = new Served(stream);
        stream.respond(
          { status: 200, headers: ['sec-websocket-protocol', 'chat', 'sec-websocket-accept', 'forged'] },
          { endOfBody: false },
        );
        served.body.pipe(served.body);
      },
    });
    const { socket, heard } = dial('early');
    const { head } = await asked.promise;
    assert.deepEqual([head.method, head.protocol, head.path], ['CONNECT', 'websocket', '/ws']);
    assert.equal(head.headers.includes('sec-websocket-key'), false);
    assert.equal(head.headers.includes(KEY), false);
    await heard.says('early');
    socket.write('later');
    await heard.says('later');
    const [response = ''] = heard.text.split('\r\n\r\n');
    assert.match(response, /^HTTP\/1\.1 101 /);
    assert.deepEqual(response.match(/^sec-websocket-accept: .*$/gim), [`Sec-WebSocket-Accept: ${ACCEPT}`]);
    assert.match(response, /^sec-websocket-protocol: chat$/im);
  });

  for (const [what, status, headers, endOfBody] of [
    ['another status', 403, [], false],
    ['a 200 that ends with its head', 200, [], true],
    ['an error of the agent', 200, ['postern-error', 'ERR_TARGET_REFUSED'], false],
  ] as const) {
    it(`is none when the response is ${what}, and its body is never spliced`, async (t) => {
      const { dial } = await openDoor(t, {
        onStream: (stream) => {
          const served = new Served(stream);
          stream.respond({ status, headers }, { endOfBody });
          if (!endOfBody) served.body.end('no more than a body');
        },
      });
      const { heard } = dial();
      await heard.ended;
      assert.doesNotMatch(heard.text, /^HTTP\/1\.1 101 /);
      assert.match(heard.text, /^HTTP\/1\.1 \d{3} /);
    });
  }

  it('is given up at the agent as soon as its visitor leaves, accepted or not', async (t) => {
    for (const isAccepted of [false, true]) {
      const served = deferred<Served>();
      const { dial, edge } = await openDoor(t, {
        onStream: (stream) => {
          const asked = new Served(stream);
          if (isAccepted) asked.respond(200, { endOfBody: false });
          asked.body.on('error', () => {}).resume();
          served.resolve(asked);
        },
      });
      const { socket, heard } = dial();
      const { isCancelled } = await served.promise;
      if (isAccepted) await heard.says('\r\n\r\n');
      socket.resetAndDestroy();
      await isCancelled;
      assert.equal(edge.running, 0);
    }
  });

  it('opens no stream when what the agent is to hear cannot be written', async (t) => {
    const requestHead = () => Promise.reject(new PosternError('ERR_LOOP_DETECTED'));
    const { dial, edge, refusals } = await openDoor(t, { requestHead });
    await dial().heard.ended;
    assert.deepEqual([refusals, edge.running], [['ERR_LOOP_DETECTED'], 0]);
  });

  it('ends, when the gate would no longer let it in, with a close frame once it is open, and before with none', async (t) => {
    for (const isAccepted of [false, true]) {
      const { dial, arrived } = await openDoor(t, {
        onStream: (stream) => {
          const served = new Served(stream);
          served.body.on('error', () => {}).resume();
          if (isAccepted) served.respond(200, { endOfBody: false });
        },
      });
      const { heard } = dial();
      const upgrade = await arrived;
      if (isAccepted) await heard.says('\r\n\r\n');
      upgrade.end();
      await heard.ended;
      assert.equal(heard.text.includes('session ended'), isAccepted);
      assert.equal(heard.text.startsWith('HTTP/1.1 101'), isAccepted);
    }
  });
});
