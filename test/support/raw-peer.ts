/**
 * A peer on a link that speaks HTTP/2 frame by frame (RFC 9113 section 4), so that it can say what no library would
 * send: in an agent's place towards a real edge, or in an edge's place towards a real agent.
 */
import type { WebSocket } from 'ws';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
/** Of SETTINGS and PING. */
export const ACK = 1;
export const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The identifiers of SETTINGS that tests use. */
export const SETTING = { tableBytes: 1, push: 2, maxStreams: 3, windowBytes: 4 } as const;

export type Fields = readonly (readonly [string, string])[];
export type Settings = Readonly<Record<number, number>>;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEAD_BYTES = 9;

class RawPeer {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  /** The close code of the WebSocket, once it has one. */
  readonly closed: Promise<number>;
  #bytes = Buffer.alloc(0);
  readonly #role: 'agent' | 'edge';
  #prefaceLeft: number;
  #heard: (() => void)[] = [];

  protected constructor(socket: WebSocket, role: 'agent' | 'edge') {
    this.socket = socket;
    this.#role = role;
    this.#prefaceLeft = role === 'agent' ? PREFACE.length : 0;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (message: Buffer) => this.#read(message));
    socket.once('close', () => this.#tell());
  }

  send(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.write(frame(type, flags, stream, payload));
  }

  write(...bytes: Uint8Array[]): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(Buffer.concat(bytes));
  }

  /** Sends a whole header block in one frame. */
  headers(stream: number, flags: number, fields: Fields): void {
    this.send(FRAME.headers, flags | END_HEADERS, stream, block(fields));
  }

  /** The first frame of a type and stream that has these flags, past or to come. Rejects when the link ends first. */
  async frame(type: number, stream: number, flags = 0): Promise<Frame> {
    const isWanted = (frame: Frame) =>
      frame.type === type && frame.stream === stream && (frame.flags & flags) === flags;
    return this.#look(() => this.frames.find(isWanted), type);
  }

  /** Resolves once so many frames of a type and stream have come. */
  async count(type: number, stream: number, count: number): Promise<void> {
    const isWanted = (frame: Frame) => frame.type === type && frame.stream === stream;
    await this.#look(() => this.frames.filter(isWanted).length >= count || undefined, type);
  }

  async #look<Found>(look: () => Found | undefined, type: number): Promise<Found> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.socket.readyState === this.socket.CLOSED) throw new Error(`the link ended before frame ${type} came`);
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }

  #tell(): void {
    for (const resolve of this.#heard.splice(0)) resolve();
  }

  #read(message: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, message]);
    const skipped = Math.min(this.#prefaceLeft, this.#bytes.length);
    this.#prefaceLeft -= skipped;
    this.#bytes = this.#bytes.subarray(skipped);
    while (this.#bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < end) break;
      this.frames.push({
        type: this.#bytes[3] as number,
        flags: this.#bytes[4] as number,
        stream: this.#bytes.readUInt32BE(5),
        payload: this.#bytes.subarray(HEAD_BYTES, end),
      });
      this.#bytes = this.#bytes.subarray(end);
      this.#answer(this.frames.at(-1) as Frame);
    }
    this.#tell();
  }

  // What any peer does: the rest is the test's.
  #answer({ type, flags, payload }: Frame): void {
    if (type === FRAME.goaway && this.#role === 'agent') this.socket.close();
    if ((type === FRAME.settings || type === FRAME.ping) && (flags & ACK) === 0) {
      this.send(type, ACK, 0, type === FRAME.ping ? payload : undefined);
    }
  }
}

/** In place of an agent: the HTTP/2 server. Says its settings once the WebSocket is open, as every one must. */
export class RawAgent extends RawPeer {
  constructor(socket: WebSocket, settings: Settings = {}) {
    super(socket, 'agent');
    const greet = () => this.send(FRAME.settings, 0, 0, writeSettings(settings));
    if (socket.readyState === socket.OPEN) greet();
    else socket.once('open', greet);
  }
}

/** What a real agent answered to a `RawEdge`. */
export interface RawResponse {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: Buffer;
}

/** In place of an edge: the HTTP/2 client. Says the preface and its settings at once. */
export class RawEdge extends RawPeer {
  readonly #decoder = new HpackDecoder({ tableSizeBytes: 4_096, maxListBytes: 131_072, maxFields: 2_000 });

  constructor(socket: WebSocket, settings: Settings = {}) {
    super(socket, 'edge');
    this.write(PREFACE, frame(FRAME.settings, 0, 0, writeSettings(settings)));
  }

  /** The whole answer on a stream; rejects when the stream is reset. Answers are to be read in the order of arrival. */
  async answer(stream: number): Promise<RawResponse> {
    const reset = this.frame(FRAME.reset, stream).then(({ payload }) => {
      throw new Error(`stream ${stream} was reset with ${payload.readUInt32BE(0)}`);
    });
    reset.catch(() => {}); // a reset behind the whole answer says nothing more
    const head = await Promise.race([this.frame(FRAME.headers, stream), reset]);
    const fields = this.#decoder.decode(head.payload);
    const isWhole = () =>
      this.frames.some(
        (seen) => seen.stream === stream && seen.type <= FRAME.headers && (seen.flags & END_STREAM) !== 0,
      );
    if (!isWhole()) await Promise.race([this.frame(FRAME.data, stream, END_STREAM), reset]);
    const parts = this.frames.filter((seen) => seen.stream === stream && seen.type === FRAME.data);
    return {
      status: Number(fields[1]),
      fields: fields.slice(2),
      body: Buffer.concat(parts.map(({ payload }) => payload)),
    };
  }
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header block of literals that are never indexed and never compressed (RFC 7541 section 6.2.2). */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length), bytes]);
}

// RFC 7541 section 5.1 with a prefix of seven bits.
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let left = value - 127;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

function writeSettings(settings: Settings): Buffer {
  const pairs = Object.entries(settings).map(([id, value]) => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(Number(id));
    pair.writeUInt32BE(value, 2);
    return pair;
  });
  return Buffer.concat(pairs);
}
