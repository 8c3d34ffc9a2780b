/**
 * WebSockets through the tunnel are the app's own: subprotocol, messages, pings and close codes pass unchanged, a
 * refusal is the app's refusal, and the end of a session ends what was opened with it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import type { WebSocket } from 'ws';
import { handshakeRequest, refusedUpgrade } from '../../support/handshakes.js';
import { inWorld } from '../../support/in-world.js';
import { Transcript } from '../../support/transcript.js';
import { overEach } from '../../support/versions.js';
import { RefusedUpgrade, type Visitor } from '../../support/visitor.js';

describe('websockets', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let host: string;
  let cookie: string;

  before(async () => {
    host = new URL(world.url).host;
    cookie = `Cookie: ${ana.jar.header(new URL(world.url), { site: 'none', safeNavigation: true })}`;
  });

  const handshake = (path: string, ...more: string[]) => handshakeRequest(host, path, more);
  const refusal = (path: string, options: Parameters<Visitor['socket']>[1] = {}, visitor = ana) =>
    refusedUpgrade(visitor, `${world.url}${path}`, options);

  overEach(world, (version) => {
    describe('an open one', () => {
      test('an open WebSocket carries text and binary messages both ways, as they are', async () => {
        const socket = await ana.socket(`${world.url}/ws`);
        for (const message of ['', 'text', 'ä€😀', 'x'.repeat(70_000)]) {
          socket.send(message);
          const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
          assert.deepEqual([data.toString(), isBinary], [message, false]);
        }
        for (const bytes of [0, 1, 125, 126, 65_535, 65_536, 1_048_576]) {
          const message = randomBytes(bytes);
          socket.send(message);
          const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
          assert.ok(isBinary && message.equals(data), `${bytes} bytes`);
        }
        socket.close();
      });

      test('an open WebSocket keeps the order of many messages that are sent at once', async () => {
        const socket = await ana.socket(`${world.url}/ws`);
        const received: string[] = [];
        socket.on('message', (data) => received.push(String(data)));
        const sent = Array.from({ length: 2_000 }, (_, at) => `message ${at}`);
        for (const message of sent) socket.send(message);
        while (received.length < sent.length) await once(socket, 'message');
        assert.deepEqual(received, sent);
        socket.close();
      });

      test('an open WebSocket has the subprotocol that the app chose, or none', async () => {
        const chosen = await ana.socket(`${world.url}/ws`, { protocols: ['chat.v2', 'chat.v1'] });
        assert.equal(chosen.protocol, 'chat.v2');
        const plain = await ana.socket(`${world.url}/ws`);
        assert.equal(plain.protocol, '');
        for (const socket of [chosen, plain]) socket.close();
      });

      test('the app answers the pings of a WebSocket', async () => {
        const socket = await ana.socket(`${world.url}/ws`);
        socket.ping('are you there');
        const [payload] = (await once(socket, 'pong')) as [Buffer];
        assert.equal(String(payload), 'are you there');
        socket.close();
      });

      for (const code of [1000, 1001, 1003, 1011, 3000, 4999]) {
        test(`a WebSocket closes with ${code} when the app says so`, async () => {
          const socket = await ana.socket(`${world.url}/ws`);
          socket.send(`close ${code} because of ${code}`);
          assert.deepEqual(await closeOf(socket), [code, `because of ${code}`]);
        });

        test(`a WebSocket closes with ${code} at the app when the visitor says so`, async () => {
          const socket = await ana.socket(`${world.url}/ws?from-visitor=${code}`);
          socket.close(code, 'enough');
          assert.equal((await world.target.event('socket-closed', `/ws?from-visitor=${code}`)).code, code);
        });
      }

      test('a WebSocket ends without a code when the app dies, and at the app when the visitor does', async () => {
        const dying = await ana.socket(`${world.url}/ws`);
        dying.send('die');
        assert.equal((await closeOf(dying))[0], 1006);
        const leaving = await ana.socket(`${world.url}/ws?leaving`);
        leaving.terminate();
        assert.equal((await world.target.event('socket-closed', '/ws?leaving')).code, 1006);
      });

      test('a WebSocket loses nothing that was sent together with the handshake', async () => {
        const socket = connect(world.port, '127.0.0.1');
        const mask = Buffer.alloc(4);
        const frame = Buffer.concat([Buffer.from([0x81, 0x85]), mask, Buffer.from('early')]);
        const received = new Transcript(socket);
        socket.write(Buffer.concat([Buffer.from(handshake('/ws', cookie)), frame]));
        await received.says('early');
        assert.match(received.text, /^HTTP\/1\.1 101 /);
        // The answer to the key of RFC 6455 section 1.3.
        assert.match(received.text, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
        socket.destroy();
      });
    });

    describe('a refused one', () => {
      test('an upgrade that the app refuses gets the app’s own response', async () => {
        const { status, headers, text } = await refusal('/ws-refuse');
        assert.deepEqual([status, headers['x-refused'], text], [403, 'target', 'refused']);
        assert.equal(headers['postern-error'], undefined);
      });

      test('an upgrade gets 502 while the target is down', async () => {
        const name = `dev-down-${version.at(-1)}`;
        await world.startAgent({ name, targetUrl: 'http://127.0.0.1:1' });
        await ana.signIn(`${world.urlOf(name)}/`, 'ana');
        const error = await ana.socket(`${world.urlOf(name)}/ws`).catch((reason: unknown) => reason);
        assert.ok(error instanceof RefusedUpgrade);
        assert.deepEqual([error.status, error.headers['postern-error']], [502, 'ERR_TARGET_REFUSED']);
      });
    });
  });

  test('the edge logged no error in any of this', () => {
    assert.equal(world.edge.stderr, '');
    const internal = world.edge.records().filter(({ code }) => code === 'ERR_INTERNAL');
    assert.deepEqual(internal, []);
  });
});

async function closeOf(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, String(reason)];
}
