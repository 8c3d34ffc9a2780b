/** A WebSocket that the gate has let in: what the agent is asked, and what the visitor gets for each response. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Metrics } from '../../../../src/core/metrics.js';
import type { ExchangeOptions } from '../../../../src/edge/forward/exchange.js';
import { WebSocketExchange } from '../../../../src/edge/forward/websocket.js';
import { Traffic } from '../../../../src/edge/ops/traffic.js';
import type { Visit } from '../../../../src/edge/request/visit.js';
import { PosternError } from '../../../../src/errors.js';
import type { InboundStream, RequestHead } from '../../../../src/http/exchange.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { deferred } from '../../../support/deferred.js';
import { Transcript } from '../../../support/transcript.js';
import { openPair, Served } from '../../link/pair.js';
import { admittedBy, serveVisits } from '../visits.js';

// RFC 6455 section 1.3.
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

interface Setting {
  readonly onStream?: (stream: InboundStream) => void;
  readonly requestHead?: () => Promise<RequestHead>;
  /** In place of the link to the agent. */
  readonly link?: OutboundLink;
}

/** A server that takes every upgrade for one that the gate has let in; `dial` is a visitor. */
async function openDoor(t: TestContext, { onStream = () => {}, requestHead, link }: Setting) {
  const { edge } = await openPair(t, onStream);
  const admitted = await admittedBy({ link: link ?? edge });
  const refusals: string[] = [];
  const arrived = deferred<WebSocketExchange>();
  const ended = deferred<void>();
  const watched = new Set<unknown>();
  const options = {
    revalidator: { add: (one: unknown) => watched.add(one), forget: (one: unknown) => watched.delete(one) },
    observer: { emit: () => {} },
    traffic: new Traffic(new Metrics()),
    replyWithError: (visit: Visit, { code }: PosternError) => {
      refusals.push(code);
      visit.reply({ status: 502, headers: {}, body: '' });
    },
  } as unknown as ExchangeOptions;
  const port = await serveVisits(t, {
    accept: () => assert.fail('an upgrade is no request'),
    ended: () => ended.resolve(),
    acceptWebSocket: async (visit) => {
      const exchange = new WebSocketExchange(visit, admitted, options);
      try {
        exchange.open(requestHead === undefined ? headOf(visit) : await requestHead());
      } catch (error) {
        exchange.failed(error as PosternError);
      }
      arrived.resolve(exchange);
    },
  });
  const dial = (early = '') => {
    const socket = connect(port, '127.0.0.1');
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
  return { edge, dial, refusals, arrived: arrived.promise, ended: ended.promise, watched };
}

// As a forwarder writes it: without the fields of this connection.
function headOf({ headers }: Visit): RequestHead {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase();
    if (!['connection', 'upgrade', 'host'].includes(name)) kept.push(name, headers[at + 1] as string);
  }
  return { method: 'GET', scheme: 'http', authority: 'demo.localhost', path: '/ws', headers: kept };
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

  it('is revalidated while it lasts, and in no case after its end', async (t) => {
    const busy = () => {
      throw new PosternError('ERR_TUNNEL_BUSY');
    };
    const link = { open: busy, draining: new AbortController().signal } as unknown as OutboundLink;
    const requestHead = () => Promise.reject(new PosternError('ERR_LOOP_DETECTED'));
    const onStream = (stream: InboundStream) => {
      const served = new Served(stream);
      served.body.on('error', () => {}).resume();
      served.respond(200, { endOfBody: false });
    };
    for (const [setting, isAccepted] of [
      [{ requestHead }, false],
      [{ link }, false],
      [{ onStream }, true],
    ] as const) {
      const { dial, ended, watched } = await openDoor(t, setting);
      const { socket, heard } = dial();
      if (isAccepted) {
        await heard.says('\r\n\r\n');
        assert.equal(watched.size, 1);
        socket.resetAndDestroy();
      }
      await ended;
      assert.equal(watched.size, 0);
    }
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
      upgrade.endSession();
      await heard.ended;
      assert.equal(heard.text.includes('session ended'), isAccepted);
      assert.equal(heard.text.startsWith('HTTP/1.1 101'), isAccepted);
    }
  });
});
