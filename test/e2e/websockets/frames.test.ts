/**
 * The frames: what they are is between the visitor and the app. Each conversation of the table is held with
 * the app directly and through the tunnel, and the bytes that come back must be the same: verdicts, close codes, order.
 * What is large or without end costs the edge no memory.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { deferred } from '../../support/deferred.js';
import { inWorld } from '../../support/in-world.js';
import { accepting, RawTarget } from '../../support/raw-target.js';
import { overEach } from '../../support/versions.js';

interface FrameOptions {
  readonly fin?: boolean;
  readonly reserved?: number;
  readonly masked?: boolean;
  /** The length field's size in bytes, when not the shortest. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What the length field says, when not the truth. */
  readonly claimed?: bigint;
}

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

/** A frame as a visitor sends it (RFC 6455 section 5.2). */
function frame(opcode: number, payload: string | Buffer = '', options: FrameOptions = {}): Buffer {
  const bytes = Buffer.from(payload);
  const { fin = true, reserved = 0, masked = true } = options;
  const lengthBytes = options.lengthBytes ?? (bytes.length < 126 ? 0 : bytes.length < 65_536 ? 2 : 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(options.claimed ?? BigInt(bytes.length));
  const mark = lengthBytes === 0 ? Number(length.readBigUInt64BE()) : lengthBytes === 2 ? 126 : 127;
  const mask = masked ? Buffer.from([0x37, 0xfa, 0x21, 0x3d]) : Buffer.alloc(0);
  const head = Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode, (masked ? 0x80 : 0) | mark]);
  const carried = masked ? bytes.map((byte, at) => byte ^ (mask[at % 4] as number)) : bytes;
  return Buffer.concat([head, length.subarray(8 - lengthBytes), mask, carried]);
}

const part = (opcode: number, payload: string | Buffer) => frame(opcode, payload, { fin: false });
const closing = (code: number, reason: string | Buffer = '') => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([payload, Buffer.from(reason)]));
};
const BYE = closing(1000);
const CODES = [
  0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1013, 1014, 1015, 1016, 1100, 2000, 2999, 3000,
  3999, 4000, 4999, 5000, 65_535,
];
const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1_000_000];
const BAD_UTF8 = ['ff', 'c0af', 'eda080', 'f4908080', 'c3', '80', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80'];
const GOOD_UTF8 = ['c3a4', 'efbfbf', 'f48fbfbf', 'ee8080', '00', 'ceba'];
const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** In the order of the Autobahn suite: framing, pings, reserved bits, opcodes, fragmentation, UTF-8, closing, limits. */
const CONVERSATIONS: readonly (readonly [what: string, frames: readonly Buffer[]])[] = [
  ...SIZES.map((size) => [`text of ${size}`, [frame(TEXT, 'x'.repeat(size)), BYE]] as const),
  ...SIZES.map((size) => [`binary of ${size}`, [frame(BINARY, Buffer.alloc(size, 0xfe)), BYE]] as const),
  ['a length in more bytes than needed', [frame(TEXT, 'short', { lengthBytes: 8 }), BYE]],
  ['a length in two bytes', [frame(TEXT, 'short', { lengthBytes: 2 }), BYE]],
  ['a length past 2^63', [frame(BINARY, '', { lengthBytes: 8, claimed: 0xffff_ffff_ffff_ffffn })]],
  ['a length past 2^53', [frame(BINARY, '', { lengthBytes: 8, claimed: 0x20_0000_0000_0001n })]],
  ['a length that the app does not take', [frame(BINARY, '', { lengthBytes: 8, claimed: 1n << 40n })]],
  ['a ping without payload', [frame(PING), BYE]],
  ['a ping with 125 bytes', [frame(PING, 'p'.repeat(125)), BYE]],
  ['a ping with 126 bytes', [frame(PING, 'p'.repeat(126)), BYE]],
  ['a ping in parts', [part(PING, 'p'), frame(CONTINUATION, 'p'), BYE]],
  ['ten pings', [...Array.from({ length: 10 }, (_, at) => frame(PING, `ping ${at}`)), BYE]],
  ['a pong that nobody asked for', [frame(PONG, 'pong'), frame(TEXT, 'text'), BYE]],
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (bits) =>
      [`reserved bits ${bits}`, [frame(TEXT, 'before'), frame(TEXT, 'x', { reserved: bits }), frame(PING)]] as const,
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`opcode ${opcode}`, [frame(TEXT, 'before'), frame(opcode, 'x'), frame(PING)]] as const,
  ),
  ['a frame without a mask', [frame(TEXT, 'bare', { masked: false })]],
  ['text in two parts', [part(TEXT, 'one '), frame(CONTINUATION, 'two'), BYE]],
  ['text in parts with a ping between', [part(TEXT, 'one '), frame(PING, 'between'), frame(CONTINUATION, 'two'), BYE]],
  [
    'text in a thousand parts',
    [part(TEXT, 'a'), ...Array.from({ length: 999 }, () => part(CONTINUATION, 'b')), frame(CONTINUATION, 'c'), BYE],
  ],
  ['empty parts', [part(TEXT, ''), part(CONTINUATION, ''), frame(CONTINUATION, ''), BYE]],
  ['a continuation of nothing', [frame(CONTINUATION, 'x'), BYE]],
  ['parts that are not continued', [part(TEXT, 'one'), frame(TEXT, 'two'), BYE]],
  ['a message that never ends', [part(TEXT, 'one'), BYE]],
  ...GOOD_UTF8.map((hex) => [`text ${hex}`, [frame(TEXT, bytesOf(hex)), BYE]] as const),
  ...BAD_UTF8.map((hex) => [`bad text ${hex}`, [frame(TEXT, bytesOf(hex)), BYE]] as const),
  ['a letter in two parts', [part(TEXT, bytesOf('ce')), frame(CONTINUATION, bytesOf('ba')), BYE]],
  ['half a letter in the last part', [part(TEXT, 'x'), frame(CONTINUATION, bytesOf('ce')), BYE]],
  ...CODES.map((code) => [`close ${code}`, [closing(code, 'because')]] as const),
  ['close without a code', [frame(CLOSE)]],
  ['close with half a code', [frame(CLOSE, Buffer.from([3]))]],
  ['close with a long reason', [closing(1000, 'r'.repeat(123))]],
  ['close with a reason too long', [closing(1000, 'r'.repeat(124))]],
  ['close with a reason that is no text', [closing(1000, bytesOf('ff'))]],
  ['two closes', [BYE, closing(1001)]],
  ['text after close', [BYE, frame(TEXT, 'late')]],
  ['a ping after close', [BYE, frame(PING, 'late')]],
  ['no close at all', [frame(TEXT, 'text')]],
  ['the app asked to close with 4001', [frame(TEXT, 'close 4001 as asked')]],
  ['the app asked to die', [frame(TEXT, 'die')]],
];

describe('the frames of a WebSocket', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  let raw: RawTarget;

  before(async () => {
    raw = await RawTarget.start();
    await world.startAgent({ name: 'dev-raw', targetUrl: raw.url });
    await ana.signIn(`${world.urlOf('dev-raw')}/`, 'ana');
  });
  after(async () => {
    await raw?.close();
  });

  /** A socket that has been accepted, and what came with the acceptance. */
  async function open(url: string, path: string, port = world.port, more: readonly string[] = []): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setNoDelay(true);
    socket.on('error', () => {}); // a reset is an end: what had come until then is compared
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${new URL(url).host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      `Cookie: ${ana.jar.header(new URL(url))}`,
      ...more,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let head = '';
    while (!head.includes('\r\n\r\n')) {
      await once(socket, 'readable');
      const byte = () => socket.read(1) as Buffer | null;
      for (let next = byte(); next !== null; next = byte()) {
        head += next.toString('latin1');
        if (head.endsWith('\r\n\r\n')) break;
      }
    }
    assert.match(head, /^HTTP\/1\.1 101 /);
    return socket;
  }

  /** Everything that the app says to these bytes, until it closes. */
  async function said(socket: Socket, bytes: Buffer, pieces: 'whole' | 'one by one'): Promise<string> {
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    const closed = once(socket, 'close');
    if (pieces === 'whole') socket.write(bytes);
    else {
      for (const byte of bytes) {
        socket.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
    }
    socket.end();
    socket.once('end', () => socket.destroy());
    await closed;
    return Buffer.concat(heard).toString('hex');
  }

  for (const [what, frames] of CONVERSATIONS) {
    test(`H4 is as without the tunnel: ${what}`, async () => {
      const bytes = Buffer.concat(frames);
      const target = new URL(world.target.url);
      const direct = await said(await open(world.target.url, '/ws?h4', Number(target.port)), bytes, 'whole');
      assert.equal(await said(await open(world.url, '/ws?h4'), bytes, 'whole'), direct);
      if (bytes.length > 2_000) return;
      assert.equal(await said(await open(world.url, '/ws?h4'), bytes, 'one by one'), direct);
    });
  }

  /** The most memory that the edge has held, in bytes. */
  const peakOfEdge = () =>
    Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${world.edge.pid}/status`, 'utf8'))?.[1]) * 1024;
  const skip = process.platform === 'linux' ? false : 'the memory of a process is read from /proc';
  const MAX_GROWTH = 96 * 1024 * 1024;

  /** The raw target echoes the bytes of a socket; gives the socket. */
  async function openEcho(...answered: readonly string[]): Promise<Socket> {
    raw.answer('/echo', (socket, head) => {
      socket.write(accepting(head, ...answered));
      socket.pipe(socket);
    });
    return open(world.urlOf('dev-raw'), '/echo');
  }

  const FLOODS: Readonly<Record<string, () => Iterable<Buffer>>> = {
    '65,536 fragments of 64 bytes': () => repeated(part(CONTINUATION, Buffer.alloc(64)), 65_536),
    'a million empty fragments': () => repeated(part(CONTINUATION, ''), 1_000_000),
    'a message of a quarter of a gigabyte': function* () {
      yield frame(BINARY, '', { lengthBytes: 8, claimed: 1n << 28n });
      yield* repeated(Buffer.alloc(65_536, 7), 4_096);
    },
    'a deflate bomb': () => repeated(frame(BINARY, deflateRawSync(Buffer.alloc(1_000_000)), { reserved: 4 }), 5_000),
  };
  for (const [what, flood] of Object.entries(FLOODS)) {
    test(`H8 passes byte for byte and is never gathered: ${what}`, { skip }, async () => {
      const socket = await openEcho('Sec-WebSocket-Extensions: permessage-deflate');
      const before = peakOfEdge();
      const [sent, heard] = [createHash('sha256'), createHash('sha256')];
      let [sentBytes, heardBytes] = [0, 0];
      const whole = deferred<void>();
      let isSent = false;
      socket.on('data', (chunk: Buffer) => {
        heard.update(chunk);
        heardBytes += chunk.length;
        if (isSent && heardBytes === sentBytes) whole.resolve();
      });
      for (const piece of flood()) {
        sent.update(piece);
        sentBytes += piece.length;
        if (!socket.write(piece)) await once(socket, 'drain');
      }
      isSent = true;
      if (heardBytes < sentBytes) await whole.promise;
      assert.equal(heard.digest('hex'), sent.digest('hex'));
      assert.ok(peakOfEdge() - before < MAX_GROWTH, `${peakOfEdge() - before} bytes more`);
      socket.destroy();
    });
  }

  overEach(world, () => {
    test('H8 a visitor who does not read holds the app back, and one who is not read is held back', {
      skip,
    }, async () => {
      const flooding = deferred<Socket>();
      const piece = frame(BINARY, Buffer.alloc(60_000), { masked: false });
      raw.answer('/flood', (socket, head) => {
        socket.write(accepting(head));
        const pour = () => {
          while (socket.bytesWritten < 1 << 30 && socket.write(piece));
        };
        socket.on('drain', pour);
        pour();
        flooding.resolve(socket);
      });
      raw.answer('/deaf', (socket, head) => {
        socket.pause();
        socket.write(accepting(head));
      });
      const before = peakOfEdge();
      const deaf = await open(world.urlOf('dev-raw'), '/flood');
      deaf.pause();
      const app = await flooding.promise;
      await untilStill(() => app.bytesWritten - app.writableLength);
      const unheard = await open(world.urlOf('dev-raw'), '/deaf');
      while (unheard.write(piece));
      const pour = () => {
        while (unheard.bytesWritten < 1 << 30 && unheard.write(piece));
      };
      unheard.on('drain', pour);
      await untilStill(() => unheard.bytesWritten - unheard.writableLength);
      for (const socket of [app, unheard]) {
        const taken = socket.bytesWritten - socket.writableLength;
        assert.ok(taken < 64 * 1024 * 1024, `${taken} bytes were taken that nobody reads`);
      }
      assert.ok(peakOfEdge() - before < MAX_GROWTH);
      for (const socket of [deaf, unheard]) socket.destroy();
    });
  });

  /** Resolves once a number has stayed the same while a dozen requests went to and fro over the same link. */
  async function untilStill(read: () => number): Promise<void> {
    for (let seen = -1; seen !== read(); ) {
      seen = read();
      for (let times = 0; times < 12; times++) {
        assert.equal((await ana.fetch(`${world.urlOf('dev-raw')}/still`)).status, 200);
      }
    }
  }

  overEach(world, (version) => {
    test('H12 a client and a server of a real library speak as straight to each other, compression included', async () => {
      const app = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
      app.on('connection', (socket) => socket.on('message', (message, binary) => socket.send(message, { binary })));
      await once(app, 'listening');
      const targetUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
      const name = `dev-library-${version.at(-1)}`;
      await world.startAgent({ name, targetUrl });
      const url = world.urlOf(name);
      await ana.signIn(`${url}/`, 'ana');
      const socket = await ana.socket(`${url}/`);
      assert.match(socket.extensions, /permessage-deflate/);
      for (const bytes of [0, 1, 125, 126, 65_536, 1_000_000]) {
        for (const message of [randomBytes(bytes), Buffer.alloc(bytes, 'again ')]) {
          socket.send(message);
          const [echo] = (await once(socket, 'message')) as [Buffer];
          assert.ok(message.equals(echo), `${bytes} bytes`);
        }
      }
      const closed = once(socket, 'close');
      socket.close(4_001);
      assert.equal((await closed)[0], 4_001);
      app.close();
    });

    test('H9 an extension is between visitor and app: offers, odd window bits and what is compressed pass unread', async () => {
      const offer = 'permessage-deflate; client_max_window_bits=99; server_max_window_bits="x"';
      const agreed = 'permessage-deflate; server_max_window_bits=99; client_no_context_takeover, x-odd';
      raw.answer('/deflate', (socket, head) => {
        socket.write(accepting(head, `Sec-WebSocket-Extensions: ${agreed}`));
        socket.pipe(socket);
      });
      const lines = [`Sec-WebSocket-Extensions: ${offer}`];
      const socket = await open(world.urlOf('dev-raw'), '/deflate', world.port, lines);
      assert.ok(raw.heads.at(-1)?.toLowerCase().includes(`sec-websocket-extensions: ${offer}`));
      const bytes = Buffer.concat([
        frame(BINARY, randomBytes(300), { reserved: 4 }),
        frame(TEXT, 'not compressed', { reserved: 7 }),
      ]);
      assert.equal(await said(socket, bytes, 'whole'), bytes.toString('hex'));
    });
  });
});

function* repeated(bytes: Buffer, times: number): Generator<Buffer> {
  const most = Math.max(1, Math.floor(65_536 / bytes.length));
  const many = Buffer.concat(Array.from({ length: most }, () => bytes));
  let left = times;
  for (; left > most; left -= most) yield many;
  yield many.subarray(0, left * bytes.length);
}
