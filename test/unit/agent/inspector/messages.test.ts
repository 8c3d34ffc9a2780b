import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { constants, deflateRawSync } from 'node:zlib';
import { MessageInflater } from '../../../../src/agent/inspector/message-inflater.js';
import { MAX_MESSAGE_KEPT, MessageLog } from '../../../../src/agent/inspector/message-log.js';
import { ServerEventReader } from '../../../../src/agent/inspector/server-event-reader.js';
import { WebSocketReader } from '../../../../src/agent/inspector/websocket-reader.js';

function openLog(maxBytes = 1_000_000) {
  let changed = () => {};
  let reserved = 0;
  const reserve = (bytes: number) => {
    reserved += bytes;
    return true;
  };
  const log = new MessageLog(maxBytes, reserve, () => changed());
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      changed = () => holds() && resolve();
      changed();
    });
  return { log, until, reserved: () => reserved, read: () => log.read(0, 10_000) };
}

function frame(opcode: number, payload: Buffer, { final = true, mask = true, compressed = false } = {}): Buffer {
  const length =
    payload.length < 126
      ? [payload.length]
      : payload.length < 65_536
        ? [126, payload.length >> 8, payload.length & 255]
        : undefined;
  const header = [(final ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode];
  if (length !== undefined) header.push((length[0] as number) | (mask ? 0x80 : 0), ...length.slice(1));
  else {
    const long = Buffer.alloc(8);
    long.writeBigUInt64BE(BigInt(payload.length));
    header.push(127 | (mask ? 0x80 : 0), ...long);
  }
  if (!mask) return Buffer.concat([Buffer.from(header), payload]);
  const key = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([
    Buffer.from(header),
    key,
    Buffer.from(payload.map((byte, at) => byte ^ (key[at & 3] as number))),
  ]);
}

function deflated(text: string): Buffer {
  return deflateRawSync(Buffer.from(text), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Resolves once zlib has done with every message so far, or will not begin. */
function watchInflaters(t: TestContext): () => Promise<unknown> {
  const done: Promise<void>[] = [];
  const { inflate } = MessageInflater.prototype;
  t.mock.method(
    MessageInflater.prototype,
    'inflate',
    function (this: MessageInflater, ...[bytes, then]: Parameters<typeof inflate>) {
      done.push(
        new Promise((resolve) => {
          inflate.call(this, bytes, (inflated) => {
            then(inflated);
            resolve();
          });
        }),
      );
    },
  );
  return () => Promise.all(done);
}

describe('the messages of a WebSocket', () => {
  const plain = { inflates: false };

  test('are read from frames, however these are cut, fragmented and mixed with control frames', () => {
    const bytes = Buffer.concat([
      frame(1, Buffer.from('hello')),
      frame(1, Buffer.from('one '), { final: false }),
      frame(9, Buffer.from('ping')),
      frame(0, Buffer.from('two'), { final: true }),
      frame(2, Buffer.from([0, 255])),
      frame(1, Buffer.alloc(0)),
      frame(2, Buffer.alloc(70_000, 7)),
      frame(8, Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from('bye')])),
    ]);
    const expected = [
      'text hello',
      'ping ping',
      'text one two',
      'binary AP8=',
      'text ',
      'binary 70000/65536',
      'close bye 1001',
    ];
    for (const step of [1, 3, 1_000, bytes.length]) {
      const { log, read } = openLog();
      const reader = new WebSocketReader(log, 'visitor', plain);
      for (let at = 0; at < bytes.length; at += step) reader.read(bytes.subarray(at, at + step));
      const shown = read().map(({ kind, text, base64, bytes: all, kept, closeCode }) => {
        if (all <= MAX_MESSAGE_KEPT) assert.equal(kept, all, kind);
        const content = all > 1_000 ? `${all}/${kept}` : (text ?? base64);
        return `${kind} ${content}${closeCode === undefined ? '' : ` ${closeCode}`}`;
      });
      assert.deepEqual(shown, expected, `in steps of ${step}`);
    }
  });

  test('are inflated, with a window that goes on from one to the next', async () => {
    const { log, read, until } = openLog();
    const reader = new WebSocketReader(log, 'target', { inflates: true });
    for (const text of ['{"a":1}', 'x'.repeat(100_000), 'last'])
      reader.read(frame(1, deflated(text), { mask: false, compressed: true }));
    reader.read(frame(1, Buffer.from('not compressed'), { mask: false }));
    await until(() => read()[2]?.text === 'last');
    assert.deepEqual(
      read().map(({ bytes, kept }) => [bytes, kept]),
      [
        [7, 7],
        [100_000, MAX_MESSAGE_KEPT],
        [4, 4],
        [14, 14],
      ],
    );
    reader.close();
  });

  test('K16 a bomb, garbage and frames without a beginning are not shown, and end nothing', async (t) => {
    const inflated = watchInflaters(t);
    const { log, read } = openLog();
    const reader = new WebSocketReader(log, 'target', { inflates: true });
    reader.read(frame(1, deflateRawSync(Buffer.alloc(80_000_000)), { mask: false, compressed: true }));
    reader.read(frame(1, Buffer.from('garbage'), { mask: false, compressed: true }));
    const other = new WebSocketReader(log, 'visitor', plain);
    other.read(frame(0, Buffer.from('continues nothing')));
    other.read(frame(1, Buffer.from('ignored from then on')));
    await inflated();
    assert.ok(read().every(({ kept }) => kept <= MAX_MESSAGE_KEPT));
    assert.ok(!read().some(({ text }) => text?.includes('ignored')));
    reader.close();
  });

  test('K16 of bombs that are within the bound the first ones are inflated, not one after the other', async (t) => {
    const inflated = watchInflaters(t);
    const { log, until, read } = openLog();
    const reader = new WebSocketReader(log, 'visitor', { inflates: true });
    reader.read(frame(1, deflated('honest'), { compressed: true }));
    await until(() => read()[0]?.text === 'honest');
    const bomb = deflateRawSync(Buffer.alloc(40_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    reader.read(frame(2, bomb, { compressed: true }));
    await until(() => read()[1]?.bytes === 40_000_000);
    for (let n = 0; n < 4; n++) reader.read(frame(2, bomb, { compressed: true }));
    await inflated();
    assert.ok(read().filter(({ bytes }) => bytes === 40_000_000).length <= 2);
    reader.close();
  });

  test('K16 are bounded in number and bytes, the oldest go first', () => {
    const { log, read, reserved } = openLog(100_000);
    const reader = new WebSocketReader(log, 'visitor', plain);
    for (let n = 0; n < 5_000; n++) reader.read(frame(1, Buffer.from(`message ${n} ${'x'.repeat(100)}`)));
    assert.equal(log.total, 5_000);
    assert.equal(log.dropped, 5_000 - read().length);
    assert.ok(reserved() <= 100_000, `${reserved()}`);
    assert.equal(read().at(-1)?.n, 5_000);
    assert.deepEqual(
      log.read(4_998, 10).map(({ n }) => n),
      [4_999, 5_000],
    );
  });
});

describe('what is kept of a message that is not complete', () => {
  test('K16 is accounted for until it is, or will not be', () => {
    const { log, reserved, read } = openLog();
    const reader = new WebSocketReader(log, 'visitor', { inflates: false });
    reader.read(frame(2, Buffer.alloc(300_000), { final: false, compressed: true }));
    assert.equal(reserved(), 300_000);
    reader.read(frame(0, Buffer.alloc(1), { final: true }));
    assert.ok(reserved() < 1_000, `${reserved()}`);
    reader.read(frame(2, Buffer.alloc(40_000), { final: false }));
    reader.read(frame(2, Buffer.alloc(40_000), { final: false })); // no app sends a second beginning
    assert.ok(reserved() < 1_000, `${reserved()}`);
    assert.equal(read().length, 1);
  });

  test('K16 costs no more than its bytes, however small the fragments are', () => {
    const count = 300_000;
    const { log } = openLog();
    const reader = new WebSocketReader(log, 'visitor', { inflates: false });
    const fragment = frame(0, Buffer.from('x'), { final: false });
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => fragment));
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    reader.read(frame(1, Buffer.from('x'), { final: false, compressed: true }));
    for (let at = 0; at < count; at += 1_000) reader.read(many);
    collect();
    const cost = process.memoryUsage().heapUsed - before;
    assert.ok(cost < 4 * count, `${cost} bytes`);
    reader.close();
  });
});

describe('the events of an event stream', () => {
  test('are read as a browser reads them, however the bytes are cut', () => {
    const bytes = Buffer.from(
      '\ufeff: comment\nid: 1\nevent: tick\ndata: one\ndata:two\r\n\r\ndata: ü\rid\r\rdata\n\nevent: lost\n\nretry: 5\ndata: {"x": 1}\n\n',
    );
    for (const step of [1, 2, 5, bytes.length]) {
      const { log, read } = openLog();
      const reader = new ServerEventReader(log);
      for (let at = 0; at < bytes.length; at += step) reader.read(bytes.subarray(at, at + step));
      assert.deepEqual(
        read().map(({ kind, event, lastEventId = '', text }) => [kind, event, lastEventId, text].join('|')),
        ['event|tick|1|one\ntwo', 'event|message||ü', 'event|message||', 'event|message||{"x": 1}'],
        `in steps of ${step}`,
      );
    }
  });

  test('K16 an event without end is cut', () => {
    const { log, read, reserved } = openLog();
    const reader = new ServerEventReader(log);
    for (let n = 0; n < 200; n++) reader.read(Buffer.from(`data: ${'x'.repeat(10_000)}\n`));
    reader.read(Buffer.from(`data: ${'y'.repeat(1_000_000)}`));
    reader.read(Buffer.from('\n\n'));
    const [event] = read();
    assert.ok((event?.kept ?? 0) <= MAX_MESSAGE_KEPT && (event?.bytes ?? 0) > 2_000_000 && reserved() < 100_000);
  });
});
