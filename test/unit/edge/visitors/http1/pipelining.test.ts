import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import {
  hasPendingResponse,
  releaseResponse,
  responseStarted,
  trackResponse,
  whenItsTurn,
} from '../../../../../src/edge/visitors/http1/pipelining.js';

/** The responses of `node:http` to requests that were sent behind each other in one piece. */
async function pipelined(t: TestContext, requests: readonly string[]): Promise<ServerResponse[]> {
  const server = createServer({ maxHeaderSize: 65_536 });
  const responses: ServerResponse[] = [];
  const all = new Promise<void>((resolve) => {
    server.on('request', (_request, response) => responses.push(response) === requests.length && resolve());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => {
    socket.destroy();
    server.close();
  });
  socket.on('data', () => {}).write(requests.join(''));
  await all;
  return responses;
}

const get = (fields = '') => `GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
const socketOf = (responses: readonly ServerResponse[]) => (responses[0] as ServerResponse).req.socket;

describe('the answers that a connection owes', () => {
  it('are sixteen at most, and one more once one is paid', async (t) => {
    const responses = await pipelined(
      t,
      Array.from({ length: 17 }, () => get()),
    );
    const socket = socketOf(responses);
    const owed = responses.map((response) => trackResponse(socket, response));
    assert.deepEqual(owed.indexOf(false), 16);
    releaseResponse(socket, responses[0] as ServerResponse);
    assert.ok(trackResponse(socket, responses[16] as ServerResponse));
  });

  it('hold heads of 64 KiB together while they wait, beside the one whose turn it is', async (t) => {
    const large = get(`X-Large: ${'x'.repeat(30_000)}\r\n`);
    const responses = await pipelined(t, [large, large, large, large]);
    const socket = socketOf(responses);
    assert.deepEqual(
      responses.map((response) => trackResponse(socket, response)),
      [true, true, true, false],
    );
  });

  it('are known until they are releaseResponse, and one that has begun is told from one that waits', async (t) => {
    const [first, second] = (await pipelined(t, [get(), get()])) as [ServerResponse, ServerResponse];
    const { socket } = first.req;
    assert.deepEqual([hasPendingResponse(socket), responseStarted(socket)], [false, false]);
    trackResponse(socket, first);
    trackResponse(socket, second);
    assert.deepEqual([hasPendingResponse(socket), responseStarted(socket)], [true, false]);
    first.flushHeaders();
    assert.equal(responseStarted(socket), true);
    releaseResponse(socket, first);
    assert.deepEqual([hasPendingResponse(socket), responseStarted(socket)], [true, false]);
    releaseResponse(socket, first); // again: changes nothing
    releaseResponse(socket, second);
    assert.equal(hasPendingResponse(socket), false);
  });

  it('leave one after the other', async (t) => {
    const [first, second] = (await pipelined(t, [get(), get()])) as [ServerResponse, ServerResponse];
    assert.equal(whenItsTurn(first), undefined);
    const turn = whenItsTurn(second);
    assert.ok(turn instanceof Promise);
    let isDue = false;
    void turn.then(() => {
      isDue = true;
    });
    await new Promise(setImmediate);
    assert.equal(isDue, false);
    first.end();
    await turn;
    assert.equal(whenItsTurn(second), undefined);
    assert.ok((second.socket as Socket) === first.req.socket);
  });
});
