import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { closeBehind, SESSION_ENDED } from '../../../../src/edge/forward/websocket-close.js';

describe('closing a WebSocket behind its current frame', () => {
  const hello = Buffer.from([0x81, 5, ...Buffer.from('hello')]); // a whole text frame

  async function spliced(
    t: TestContext,
  ): Promise<{ target: PassThrough; visitor: Socket; received: Promise<Buffer>; end: () => void }> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const far = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [visitor] = (await once(server, 'connection')) as [Socket];
    t.after(() => {
      server.close();
      far.destroy();
      visitor.destroy();
    });
    const target = new PassThrough();
    target.pipe(visitor);
    const close = closeBehind(target, visitor);
    const end = () => close(SESSION_ENDED);
    const received = far.toArray().then((chunks) => Buffer.concat(chunks as Buffer[]));
    return { target, visitor, received, end };
  }

  it('says 1008 between two frames', async (t) => {
    const { target, visitor, received, end } = await spliced(t);
    const passed = once(target, 'data');
    target.write(hello);
    await passed;
    end();
    const bytes = await received;
    assert.ok(bytes.subarray(0, hello.length).equals(hello));
    const close = bytes.subarray(hello.length);
    assert.deepEqual([close[0], close[1], close.readUInt16BE(2)], [0x88, close.length - 2, SESSION_ENDED.code]);
    visitor.destroy();
  });

  it('hangs up in the middle of one', async (t) => {
    const { target, received, end } = await spliced(t);
    const passed = once(target, 'data');
    target.write(hello.subarray(0, 4));
    await passed;
    end();
    const bytes = await received;
    assert.ok(hello.subarray(0, bytes.length).equals(bytes));
  });

  it('lets nothing of the target pass behind the close frame', async (t) => {
    const { target, received, end } = await spliced(t);
    end();
    target.write(hello);
    const bytes = await received;
    assert.equal(bytes[0], 0x88);
    assert.equal(bytes.length, 2 + (bytes[1] as number));
  });
});
