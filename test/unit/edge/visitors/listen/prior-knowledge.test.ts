import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { UndecidedConnections } from '../../../../../src/edge/visitors/listen/prior-knowledge.js';
import { deferred } from '../../../../support/deferred.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A client of undecided connections, and what was decided: the protocol and all that its server reads. */
async function undecided(t: TestContext) {
  const decided = deferred<readonly [string, Promise<string>]>();
  const read = async (socket: Socket, early = '') => early + Buffer.concat(await socket.toArray()).toString('latin1');
  const connections = new UndecidedConnections({
    http1: (socket) => decided.resolve(['http1', read(socket)]),
    http2: (socket, early) => decided.resolve(['http2', read(socket, early.toString('latin1'))]),
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => connections.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay();
  await Promise.all([accepted, once(client, 'connect')]);
  t.after(() => {
    client.destroy();
    server.close();
  });
  return { client, connections, decided: decided.promise };
}

describe('the first bytes of a connection in clear text', () => {
  for (const [protocol, bytes] of [
    ['http2', `${PREFACE}more`],
    ['http1', 'GET / HTTP/1.1\r\n\r\n'],
    ['http1', 'PUT / HTTP/1.1\r\n\r\n'],
    ['http1', 'PROPFIND / HTTP/1.1\r\n\r\n'],
    ['http1', 'PRI / HTTP/1.1\r\n\r\n'],
    ['http1', 'PRI * HTTP/1.1\r\n\r\n'],
    ['http1', '\x16\x03\x01\x02'],
  ] as const) {
    it(`are ${protocol}, and nothing is lost of them: ${JSON.stringify(bytes)}`, async (t) => {
      const { client, decided } = await undecided(t);
      client.end(bytes);
      const [chosen, all] = await decided;
      assert.deepEqual([chosen, await all], [protocol, bytes]);
    });

    it(`are ${protocol} in pieces: ${JSON.stringify(bytes)}`, async (t) => {
      const { client, decided } = await undecided(t);
      for (const byte of bytes) await new Promise((resolve) => client.write(byte, resolve));
      client.end();
      const [chosen, all] = await decided;
      assert.deepEqual([chosen, await all], [protocol, bytes]);
    });
  }

  for (const [what, leave] of [
    ['its client ends it', (client: Socket) => void client.end('PRI')],
    ['all are closed', (_client: Socket, connections: UndecidedConnections) => connections.close()],
  ] as const) {
    it(`are not waited for any more when ${what}`, async (t) => {
      const { client, connections } = await undecided(t);
      client.on('error', () => {});
      leave(client, connections);
      client.resume();
      await once(client, 'close');
    });
  }
});
