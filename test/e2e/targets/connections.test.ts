/**
 * Connections to the target: what one visitor's request leaves on such a connection, a body that comes late or
 * a sign-in of the connection itself, reaches no other visitor. The target is of bare bytes.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RawWorld, startRawWorld } from '../../support/raw-world.js';
import type { Visitor } from '../../support/visitor.js';

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';

describe('connections to the target', () => {
  let raw: RawWorld['raw'];
  let bob: Visitor;
  let url: string;
  let rawWorld: RawWorld;

  before(async () => {
    rawWorld = await startRawWorld();
    ({ raw, bob } = rawWorld);
    url = rawWorld.world.url;
  });
  after(() => rawWorld?.close());

  const UNCERTAIN: Readonly<Record<string, readonly [method: string, head: string, late: string]>> = {
    'a HEAD with a length': ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n', EVIL],
    'a HEAD with chunks': ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', EVIL],
    'a HEAD without framing': ['HEAD', 'HTTP/1.1 200 OK\r\n\r\n', EVIL],
    'a 204 with chunks': ['GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', '0\r\n\r\n'],
    'a 204 with a length': ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 44\r\n\r\n', EVIL],
    'a 304 with a length': ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n', EVIL],
  };
  for (const [what, [method, head, late]] of Object.entries(UNCERTAIN)) {
    test(`T1 the late body of ${what} is nobody’s response`, async () => {
      const path = `/uncertain-${raw.heads.length}`;
      let left: Socket | undefined;
      raw.answer(path, (socket) => {
        left = socket;
        socket.write(head);
      });
      raw.answer('/next', (socket) => {
        left?.write(late); // on bob's connection, before his own response, were it the same one
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbob');
      });
      assert.match(await rawWorld.anaAsks(method, path), /^HTTP\/1\.1 (?:200|204|304) /);
      const { status, text } = await bob.fetch(`${url}/next`);
      assert.deepEqual([status, text], [200, 'bob']);
    });
  }

  for (const scheme of ['NTLM TlRMTVNTUAAB', 'Negotiate YIIB', 'negotiate\tYIIB']) {
    test(`T2 a connection that ${scheme.slice(0, 9)} signed in serves nobody else`, async () => {
      const signedIn = new Set<Socket>();
      const whoAsks = (socket: Socket, head: string) => {
        if (/^authorization:/im.test(head)) signedIn.add(socket);
        const who = signedIn.has(socket) ? 'ana' : 'nobody';
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${who.length}\r\n\r\n${who}`);
      };
      raw.answer('/who', whoAsks);
      assert.match(await rawWorld.anaAsks('GET', '/who', `Authorization: ${scheme}`), /\r\n\r\nana$/);
      assert.equal((await bob.fetch(`${url}/who`)).text, 'nobody');
    });
  }

  for (const line of [
    'WWW-Authenticate: NTLM',
    'WWW-Authenticate: Basic realm="x", Negotiate',
    'Persistent-Auth: true',
  ]) {
    test(`T2 a connection whose target said ${line.split(':')[0]} is not used again`, async () => {
      const sockets = new Set<Socket>();
      raw.answer('/challenge', (socket) => {
        sockets.add(socket);
        socket.write(`HTTP/1.1 401 Unauthorized\r\n${line}\r\nContent-Length: 0\r\n\r\n`);
      });
      for (let times = 0; times < 2; times += 1) await bob.fetch(`${url}/challenge`);
      assert.equal(sockets.size, 2);
    });
  }
});
