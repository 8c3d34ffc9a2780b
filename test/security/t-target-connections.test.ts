/**
 * Threats T, connections to the target: what one visitor's request leaves on such a connection, a body that comes late or
 * a sign-in of the connection itself, reaches no other visitor. The target is of bare bytes.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { RawTarget } from '../support/raw-target.js';
import { rawExchange, type Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';

describe('T connections to the target', () => {
  let world: World;
  let raw: RawTarget;
  let ana: Visitor;
  let bob: Visitor;

  before(async () => {
    raw = await RawTarget.start();
    world = await startWorld({ targetUrl: raw.url });
    ana = await world.signedIn('ana');
    bob = await world.signedIn('bob');
  });
  after(async () => {
    await world?.close();
    await raw?.close();
  });

  /** Asks as ana, with header lines of her own. */
  async function anaAsks(method: string, path: string, ...lines: readonly string[]): Promise<string> {
    const head = [`Host: ${new URL(world.url).host}`, `Cookie: ${ana.jar.header(new URL(world.url))}`, ...lines];
    return rawExchange(world.port, `${method} ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  }

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
      assert.match(await anaAsks(method, path), /^HTTP\/1\.1 (?:200|204|304) /);
      const { status, text } = await bob.fetch(`${world.url}/next`);
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
      assert.match(await anaAsks('GET', '/who', `Authorization: ${scheme}`), /\r\n\r\nana$/);
      assert.equal((await bob.fetch(`${world.url}/who`)).text, 'nobody');
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
      for (let times = 0; times < 2; times += 1) await bob.fetch(`${world.url}/challenge`);
      assert.equal(sockets.size, 2);
    });
  }
});
