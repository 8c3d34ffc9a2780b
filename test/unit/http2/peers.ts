/** What the engine's tests put at the other end: another engine, bare frames, or a socket. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connection } from '../../../src/http2/connection.js';
import type { ConnectionObserver, ConnectionOptions } from '../../../src/http2/connection-options.js';
import type { Http2Error } from '../../../src/http2/errors.js';
import { CLIENT_PREFACE } from '../../../src/http2/frame/reader.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import { HpackEncoder } from '../../../src/http2/hpack/encoder.js';
import type { Http2Stream, StreamObserver } from '../../../src/http2/stream/stream.js';

/** A head of a request as flat fields. */
export function requestFields(method: string, path: string, more: readonly string[] = []): string[] {
  return [':method', method, ':scheme', 'http', ':authority', 'demo.localhost', ':path', path, ...more];
}

/** How bytes get from one engine to the other. */
export interface Wire {
  /** Runs what the engines put off. Returns when nothing moves any more. */
  settle(): void;
}

export interface Pair extends Wire {
  readonly client: Connection;
  readonly server: Connection;
  readonly closed: { client?: Http2Error | undefined | 'whole'; server?: Http2Error | undefined | 'whole' };
}

type PairOptions = Partial<ConnectionOptions> & { readonly split?: (bytes: Buffer) => Buffer[] };

/**
 * Two engines and the bytes between them, without an event loop: nothing moves but in `settle`, and everything in it in
 * the same order each time.
 */
export function engines(observer: ConnectionObserver['stream'], options: PairOptions = {}): Pair {
  const tasks: (() => void)[] = [];
  const split = options.split ?? ((bytes) => [bytes]);
  const closed: Pair['closed'] = {};
  const make = (role: 'client' | 'server', other: () => Connection): Connection => {
    const self: Connection = new Connection({
      role,
      schedule: (run) => tasks.push(run),
      ...options,
      observer: {
        ...(observer !== undefined && { stream: observer }),
        closed: (error) => {
          closed[role] = error ?? 'whole';
        },
      },
      send: (bytes) =>
        tasks.push(() => {
          for (const part of split(Buffer.from(bytes))) other().receive(part);
          self.sent(bytes.length);
        }),
    });
    return self;
  };
  const client = make('client', () => server);
  const server = make('server', () => client);
  return { client, server, closed, settle: () => settle(tasks) };
}

function settle(tasks: (() => void)[]): void {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
}

/** All events of a stream, as text: `headers`, bytes, `end`. */
export class Record implements StreamObserver {
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  fields: string[] = [];
  trailerFields: string[] = [];
  error: Http2Error | undefined;

  get body(): Buffer {
    return Buffer.concat(this.chunks);
  }

  informational(fields: string[]): void {
    this.events.push(`informational ${fields[1]}`);
  }

  headers(fields: string[], endStream: boolean): void {
    this.fields = fields;
    this.events.push(endStream ? 'headers, the last' : 'headers');
  }

  data(chunk: Buffer): void {
    if (this.chunks.length === 0) this.events.push('data');
    this.chunks.push(chunk);
  }

  trailers(fields: string[]): void {
    this.trailerFields = fields;
    this.events.push('trailers');
  }

  end(): void {
    this.events.push('end');
  }

  closed(error: Http2Error | undefined): void {
    this.error = error;
    this.events.push(error === undefined ? 'closed' : `failed ${error.code}`);
  }
}

/** Opens a request and records it. */
export function ask(client: Connection, fields: readonly string[], options = { endStream: true }): Asked {
  const stream = client.request(fields, options);
  const record = new Record();
  stream.observe(record);
  return { stream, record };
}

export interface Asked {
  readonly stream: Http2Stream;
  readonly record: Record;
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A frame's bytes. */
export function frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'hex') : payload;
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, bytes]);
}

/** Cuts bytes into frames; what is left over is an error of the engine. */
export function frames(bytes: Buffer): Frame[] {
  const list: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    if (payload.length !== length) throw new Error('half a frame');
    list.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, streamId: bytes.readUInt32BE(at + 5), payload });
    at += 9 + length;
  }
  return list;
}

/** One engine, and bare frames at the other end. */
export class Bare {
  readonly engine: Connection;
  readonly streams: Asked[] = [];
  readonly encoder = new HpackEncoder();
  readonly decoder = new HpackDecoder({ tableSizeBytes: 4_096, maxListBytes: 1_000_000, maxFields: 10_000 });
  nowMs = 0;
  closed: Http2Error | 'whole' | undefined;
  #tasks: (() => void)[] = [];
  #out: Buffer[] = [];
  #holdsBack = false;

  constructor(role: 'client' | 'server', options: Partial<ConnectionOptions> = {}) {
    this.engine = new Connection({
      role,
      now: () => this.nowMs,
      schedule: (run) => this.#tasks.push(run),
      send: (bytes) => {
        this.#out.push(Buffer.from(bytes));
        if (!this.#holdsBack) this.#tasks.push(() => this.engine.sent(bytes.length));
      },
      ...options,
      observer: {
        stream: (stream) => {
          const record = new Record();
          stream.observe(record);
          this.streams.push({ stream, record });
        },
        closed: (error) => {
          this.closed = error ?? 'whole';
        },
        ...options.observer,
      },
    });
  }

  /** An engine that has exchanged SETTINGS with its peer, as every connection begins. */
  static greeted(role: 'client' | 'server', options: Partial<ConnectionOptions> = {}): Bare {
    const bare = new Bare(role, options);
    if (role === 'server') bare.give(CLIENT_PREFACE);
    bare.give(frame(FrameType.SETTINGS, 0, 0), frame(FrameType.SETTINGS, FrameFlag.ACK, 0));
    bare.take();
    return bare;
  }

  /** From now on what the engine sends never leaves its owner's buffers. */
  holdBack(): void {
    this.#holdsBack = true;
  }

  give(...parts: readonly Buffer[]): void {
    for (const part of parts) this.engine.receive(part);
    settle(this.#tasks);
  }

  /** A header block of its fields. */
  block(fields: readonly string[]): Buffer {
    return Buffer.from(this.encoder.encode(fields));
  }

  /** HEADERS in one frame. */
  headers(streamId: number, fields: readonly string[], flags: number = FrameFlag.END_STREAM): Buffer {
    return frame(FrameType.HEADERS, flags | FrameFlag.END_HEADERS, streamId, this.block(fields));
  }

  /** The frames that the engine has sent since the last call. */
  take(): Frame[] {
    settle(this.#tasks);
    const bytes = Buffer.concat(this.#out.splice(0));
    const hasPreface = bytes.subarray(0, CLIENT_PREFACE.length).equals(CLIENT_PREFACE);
    return frames(hasPreface ? bytes.subarray(CLIENT_PREFACE.length) : bytes);
  }
}

/** Puts an engine on a byte stream, as its owner would. */
export function engineOver(bytes: Duplex, options: Omit<ConnectionOptions, 'send'>): Connection {
  const connection: Connection = new Connection({
    ...options,
    send: (chunk) => {
      bytes.write(chunk, () => connection.sent(chunk.length));
    },
    observer: {
      ...options.observer,
      closed: (error) => {
        bytes.end();
        options.observer.closed(error);
      },
    },
  });
  bytes.on('data', (chunk: Buffer) => connection.receive(chunk));
  bytes.on('close', () => connection.destroy());
  bytes.on('error', () => {}); // `close` follows
  return connection;
}

/** Two ends of a loopback connection. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const near = connect(address.port, '127.0.0.1');
  const [far] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  for (const socket of [near, far]) socket.setNoDelay(true);
  return [near, far];
}
