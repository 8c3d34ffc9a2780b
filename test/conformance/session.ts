/** A peer that sends arbitrary bytes over TCP, and the checks of what the other end does. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Http2ErrorCode } from '../../src/http2/errors.js';
import { CLIENT_PREFACE } from '../../src/http2/frame/reader.js';
import { SettingId, settingsPayload } from '../../src/http2/frame/settings.js';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { HpackEncoder } from '../../src/http2/hpack/encoder.js';
import { type Frame, frame } from '../unit/http2/peers.js';

/** The fields of a request that is as common as can be. */
export const COMMON: readonly string[] = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'localhost'];
export const POST: readonly string[] = [':method', 'POST', ...COMMON.slice(2)];

type Name = keyof typeof Http2ErrorCode;

const OPAQUE = Buffer.from('posterns');

export class Session {
  readonly #socket: Socket;
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder({ tableSizeBytes: 4_096, maxListBytes: 100_000, maxFields: 1_000 });
  readonly #frames: Frame[] = [];
  #rest = Buffer.alloc(0);
  #isClosed = false;
  #moved: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#close());
    socket.on('close', () => this.#close());
    socket.on('error', () => {}); // `close` follows
  }

  /** A connection on which nothing was sent. */
  static async connect(port: number): Promise<Session> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Session(socket);
  }

  /** A connection on which both sides have had their SETTINGS acknowledged. */
  static async open(port: number): Promise<Session> {
    const session = await Session.connect(port);
    session.send(CLIENT_PREFACE, frame(FrameType.SETTINGS, 0, 0));
    const settings = await session.next(({ type, flags }) => type === FrameType.SETTINGS && flags === 0);
    session.maxStreams = maxStreams(settings.payload);
    session.send(frame(FrameType.SETTINGS, FrameFlag.ACK, 0));
    await session.acknowledged();
    return session;
  }

  /** What the other end has announced. */
  maxStreams = 0;

  send(...parts: readonly Buffer[]): this {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(parts));
    return this;
  }

  settings(...entries: readonly (readonly [id: number, value: number])[]): this {
    return this.send(frame(FrameType.SETTINGS, 0, 0, settingsPayload(entries)));
  }

  /** Sets INITIAL_WINDOW_SIZE, once it is acknowledged. */
  async window(bytes: number): Promise<void> {
    this.settings([SettingId.INITIAL_WINDOW_SIZE, bytes]);
    await this.acknowledged();
  }

  block(fields: readonly string[]): Buffer {
    return Buffer.from(this.#encoder.encode(fields));
  }

  /** A HEADERS frame with a complete field block. */
  headers(streamId: number, fields: readonly string[], flags: number = FrameFlag.END_STREAM): Buffer {
    return frame(FrameType.HEADERS, flags | FrameFlag.END_HEADERS, streamId, this.block(fields));
  }

  /** The next frame that is wanted; those before it are passed over. */
  async next(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      for (let next = this.#frames.shift(); next !== undefined; next = this.#frames.shift()) {
        if (isWanted(next)) return next;
        assert.notEqual(next.type, FrameType.GOAWAY, `GOAWAY ${next.payload.toString('hex')}`);
        assert.notEqual(next.type, FrameType.RST_STREAM, `RST_STREAM ${next.payload.toString('hex')}`);
      }
      assert.ok(!this.#isClosed, 'the connection was closed');
      await this.#news();
    }
  }

  async acknowledged(): Promise<void> {
    await this.next(({ type, flags }) => type === FrameType.SETTINGS && flags === FrameFlag.ACK);
  }

  /** A final head, and everything to the end of the stream. */
  async answer(streamId: number): Promise<{ fields: string[]; body: Buffer; trailers: string[] }> {
    const head = await this.next(({ type, streamId: id }) => type === FrameType.HEADERS && id === streamId);
    const fields = this.#decoder.decode(head.payload);
    const body: Buffer[] = [];
    let trailers: string[] = [];
    for (let last = head; (last.flags & FrameFlag.END_STREAM) === 0; ) {
      last = await this.next(({ type, streamId: id }) => type <= FrameType.HEADERS && id === streamId);
      if (last.type === FrameType.DATA) body.push(last.payload);
      else trailers = this.#decoder.decode(last.payload);
    }
    return { fields, body: Buffer.concat(body), trailers };
  }

  /** The next DATA frame of the stream. */
  async data(streamId: number): Promise<Buffer> {
    return (await this.next(({ type, streamId: id }) => type === FrameType.DATA && id === streamId)).payload;
  }

  /** The connection is alive: it acknowledges a PING. */
  async lives(): Promise<void> {
    this.send(frame(FrameType.PING, 0, 0, OPAQUE));
    const { payload } = await this.next(({ type, flags }) => type === FrameType.PING && flags === FrameFlag.ACK);
    assert.deepEqual(payload, OPAQUE);
  }

  /** An error of the connection: GOAWAY with one of the codes, and then its end (section 5.4.1). */
  async connectionError(...names: readonly Name[]): Promise<void> {
    await this.closed();
    const goaway = this.#frames.find(({ type }) => type === FrameType.GOAWAY);
    assert.ok(goaway, 'no GOAWAY');
    assert.ok(
      names.map((name) => Http2ErrorCode[name] as number).includes(goaway.payload.readUInt32BE(4)),
      `${goaway.payload.readUInt32BE(4)}`,
    );
    assert.equal(this.#frames.indexOf(goaway), this.#frames.length - 1, 'nothing follows it');
  }

  /** An error of the stream: RST_STREAM with one of the codes (section 5.4.2), while the connection stays open. */
  async streamError(streamId: number, ...names: readonly Name[]): Promise<void> {
    const isReset = ({ type, streamId: id }: Frame) => type === FrameType.RST_STREAM && id === streamId;
    const { payload } = await this.next(isReset);
    assert.ok(
      names.map((name) => Http2ErrorCode[name] as number).includes(payload.readUInt32BE(0)),
      `${payload.readUInt32BE(0)}`,
    );
    await this.lives();
  }

  /** Waits for the end of the connection; everything that came before it is kept. */
  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#news();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#moved = resolve;
    });
  }

  #take(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const [type, flags] = [bytes[3] as number, bytes[4] as number];
      this.#frames.push({ type, flags, streamId: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    this.#moved();
  }

  #close(): void {
    this.#isClosed = true;
    this.#moved();
  }
}

function maxStreams(payload: Buffer): number {
  for (let at = 0; at < payload.length; at += 6) {
    if (payload.readUInt16BE(at) === SettingId.MAX_CONCURRENT_STREAMS) return payload.readUInt32BE(at + 2);
  }
  return Number.POSITIVE_INFINITY;
}
