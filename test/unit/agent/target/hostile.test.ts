import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { FakeInbound, type FakeRequest } from '../fake-inbound.js';
import { type Harness, rawTarget } from '../targets.js';

function ask({ target }: Harness, request: FakeRequest = {}): FakeInbound {
  const stream = new FakeInbound(request);
  target.serve(stream);
  return stream;
}

const PROTOCOL = [502, ['postern-error', 'ERR_TARGET_PROTOCOL'], ''];

describe('a hostile target is ERR_TARGET_PROTOCOL', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  const rows: Record<string, string> = {
    'that speaks no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    'that answers 000': 'HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n',
    'that answers 099': 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n',
    'that answers 600': 'HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n',
    'that answers 999': 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n',
    'that answers 1000': 'HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n',
    'that switches protocols unasked': 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbytes',
    'that answers a bare 101': 'HTTP/1.1 101 X\r\n\r\n',
    'with two lengths': `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi`,
    'with length and chunks': `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    'with another transfer coding': `${ok}Transfer-Encoding: gzip\r\n\r\nhi`,
    'that splits its head': `${ok}X: a\rSet-Cookie: b=c\r\nContent-Length: 0\r\n\r\n`,
    'with a NUL in a value': `${ok}X: a\0b\r\nContent-Length: 0\r\n\r\n`,
    'that folds before its first line': `${ok} X: a\r\nContent-Length: 0\r\n\r\n`,
    'with a header of 70 kB': `${ok}X: ${'a'.repeat(70_000)}\r\n\r\n`,
    'with more header lines than a link carries': `${ok}${'A: b\r\n'.repeat(2_000)}Content-Length: 0\r\n\r\n`,
    'with headers without end': `${ok}${'A: bbbbbbbbbbbbbbbbbbbbbbbb\r\n'.repeat(5_000)}`,
    'that storms with 1xx heads': `${'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(33)}${ok}Content-Length: 0\r\n\r\n`,
    'with a malformed 1xx head': `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: gzip\r\n\r\n${ok}Content-Length: 0\r\n\r\n`,
  };
  for (const [name, bytes] of Object.entries(rows)) {
    it(name, async (t) => {
      let closed: Promise<void> | undefined;
      const harness = await rawTarget(t, (socket) => {
        closed = new Promise((resolve) => socket.once('close', resolve));
        socket.write(bytes, 'latin1');
      });
      const { status, headers, body } = await ask(harness).answer();
      assert.deepEqual([status, headers, body], PROTOCOL);
      assert.equal(harness.records[0]?.status, 502);
      await closed;
    });
  }
});

describe('an old target', () => {
  it('that breaks rules in an unambiguous way is understood, and its response is normalised', async (t) => {
    const harness = await rawTarget(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX : a\r\n b\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello');
    });
    const { status, headers, body } = await ask(harness).answer();
    assert.deepEqual([status, headers, body], [200, ['x', 'a b', 'content-length', '5'], 'hello']);
  });
});

describe('a hostile target', () => {
  it('may send informational heads up to the limit', async (t) => {
    const harness = await rawTarget(t, (socket) => {
      socket.write(`${'HTTP/1.1 103 E\r\n\r\n'.repeat(32)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    });
    const stream = ask(harness);
    assert.equal((await stream.answer()).body, 'ok');
    assert.equal(stream.heads.length, 32);
  });

  it('may send many headers: none is lost', async (t) => {
    const harness = await rawTarget(t, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(1_900)}Content-Length: 2\r\n\r\nok`);
    });
    assert.equal((await ask(harness).answer()).headers.length, 3_802);
  });

  it('that responds twice at once affects no later response', async (t) => {
    let connections = 0;
    const harness = await rawTarget(t, (socket) => {
      connections += 1;
      const evil = connections === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil' : '';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood${evil}`);
    });
    assert.equal((await ask(harness).answer()).body, 'good');
    assert.equal((await ask(harness).answer()).body, 'good');
    assert.equal(connections, 2);
  });

  it('that responds again without a request affects no later response', async (t) => {
    let asked = 0;
    const sockets: net.Socket[] = [];
    const harness = await rawTarget(t, (socket) => {
      asked += 1;
      sockets.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');
    });
    assert.equal((await ask(harness).answer()).body, 'good');
    const [first] = sockets;
    assert.ok(first);
    const closed = once(first, 'close');
    first.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await closed;
    assert.equal((await ask(harness).answer()).body, 'good');
    assert.equal(asked, 2);
    assert.notEqual(sockets[1], first);
  });

  it('that sends a body after HEAD or 204 affects no later response', async (t) => {
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
    ] as const) {
      const harness = await rawTarget(t, (socket) => {
        socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 4\r\n\r\nevil`);
      });
      for (let times = 0; times < 2; times += 1) {
        const response = await ask(harness, { method }).answer();
        assert.deepEqual([response.status, response.body], [status, '']);
      }
    }
  });

  it('that sends a late body after a bare 204 affects no later response', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sockets: net.Socket[] = [];
    const harness = await rawTarget(t, (socket) => {
      if (!sockets.includes(socket)) sockets.push(socket);
      if (sockets.length === 1) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');
    });
    assert.equal((await ask(harness).answer()).status, 204);
    assert.equal((await ask(harness).answer()).body, 'good'); // on another connection
    assert.equal(sockets.length, 2);
    const [first] = sockets;
    assert.ok(first);
    const closed = once(first, 'close');
    first.write('0\r\n\r\n');
    await closed;
  });

  it('that sends nothing after a bare 204 receives the next request on the same connection after a while', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sockets = new Set<net.Socket>();
    const harness = await rawTarget(t, (socket) => {
      sockets.add(socket);
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
    await ask(harness).answer();
    t.mock.timers.tick(100);
    await ask(harness).answer();
    assert.equal(sockets.size, 1);
  });

  it('that sends malformed chunks is a reset', async (t) => {
    const harness = await rawTarget(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\nzz\r\n');
    });
    const stream = ask(harness);
    stream.far.resume();
    await stream.reset;
  });

  it('cannot send an error of the agent', async (t) => {
    const harness = await rawTarget(t, (socket) => {
      socket.end('HTTP/1.1 502 X\r\nPostern-Error: ERR_LINK_LOST\r\nPostern_Error: x\r\nContent-Length: 2\r\n\r\nhi');
    });
    const { status, headers, body } = await ask(harness).answer();
    assert.deepEqual([status, headers, body], [502, ['content-length', '2'], 'hi']);
  });

  it('that responds without framing is read until it closes', async (t) => {
    const harness = await rawTarget(t, (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
    assert.equal((await ask(harness).answer()).body, 'all of it');
  });
});
