import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { closeBehind, FrameLengths, SESSION_ENDED } from '../../../../src/edge/forward/websocket-close.js';

interface FrameShape {
  readonly payloadBytes: number;
  readonly form: 'shortest' | 'two bytes' | 'eight bytes';
  readonly masked: boolean;
}

/** A frame with a payload that looks like headers of other frames. */
function write({ payloadBytes, form, masked }: FrameShape): Buffer {
  const mask = masked ? 0x80 : 0;
  const extended =
    payloadBytes > 65_535 || form === 'eight bytes' ? 8 : payloadBytes > 125 || form === 'two bytes' ? 2 : 0;
  const head = Buffer.alloc(2 + extended + (masked ? 4 : 0), 0x82);
  head[1] = mask | (extended === 8 ? 127 : extended === 2 ? 126 : payloadBytes);
  if (extended === 8) head.writeBigUInt64BE(BigInt(payloadBytes), 2);
  if (extended === 2) head.writeUInt16BE(payloadBytes, 2);
  return Buffer.concat([head, Buffer.alloc(payloadBytes, 0xff)]);
}

const shape = fc.record<FrameShape>({
  payloadBytes: fc.oneof(fc.nat(130), fc.constantFrom(0, 125, 126, 127, 65_535, 65_536, 70_000)),
  form: fc.constantFrom('shortest', 'two bytes', 'eight bytes'),
  masked: fc.boolean(),
});

describe('the lengths of frames', () => {
  it('are followed however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (shapes, cuts) => {
          const frames = shapes.map(write);
          const bytes = Buffer.concat(frames);
          const ends = new Set<number>([0]);
          let end = 0;
          for (const { length } of frames) {
            end += length;
            ends.add(end);
          }
          const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
          const lengths = new FrameLengths();
          let from = 0;
          for (const to of [...points, bytes.length]) {
            lengths.pass(bytes.subarray(from, to));
            from = to;
            assert.equal(lengths.isBetween, ends.has(to), `after ${to} of ${bytes.length} bytes`);
          }
        },
      ),
    );
  });

  it('are followed byte by byte', () => {
    const frames = [
      write({ payloadBytes: 0, form: 'shortest', masked: false }),
      write({ payloadBytes: 300, form: 'shortest', masked: true }),
    ];
    const lengths = new FrameLengths();
    const between: number[] = [];
    const bytes = Buffer.concat(frames);
    for (let at = 0; at < bytes.length; at++) {
      lengths.pass(bytes.subarray(at, at + 1));
      if (lengths.isBetween) between.push(at + 1);
    }
    assert.deepEqual(between, [2, bytes.length]);
  });

  it('are between two frames before the first', () => {
    assert.ok(new FrameLengths().isBetween);
  });
});

describe('closing a WebSocket behind its current frame', () => {
  const hello = write({ payloadBytes: 5, form: 'shortest', masked: false });

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
