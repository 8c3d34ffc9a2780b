/** An agent that speaks HTTP/2 frame by frame (RFC 9113 section 4), so that it can say what no library would send. */
import type { WebSocket } from 'ws';

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

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;

export class RawAgent {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  #bytes = Buffer.alloc(0);
  #prefaceLeft = PREFACE_BYTES;
  #heard: () => void = () => {};

  /** Says its settings once the WebSocket is open, as every HTTP/2 server must. */
  constructor(socket: WebSocket, settings: Readonly<Record<number, number>> = {}) {
    this.socket = socket;
    socket.on('message', (message: Buffer) => this.#read(message));
    socket.once('open', () => this.send(FRAME.settings, 0, 0, writeSettings(settings)));
  }

  send(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.write(frame(type, flags, stream, payload));
  }

  write(...bytes: Uint8Array[]): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(Buffer.concat(bytes));
  }

  /** Sends a whole header block in one frame. */
  headers(stream: number, flags: number, fields: readonly (readonly [string, string])[]): void {
    this.send(FRAME.headers, flags | END_HEADERS, stream, block(fields));
  }

  /** The first frame of a type and stream that has these flags, past or to come. */
  async frame(type: number, stream: number, flags = 0): Promise<Frame> {
    const isWanted = (frame: Frame) =>
      frame.type === type && frame.stream === stream && (frame.flags & flags) === flags;
    for (;;) {
      const found = this.frames.find(isWanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
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
    this.#heard();
  }

  // What any peer does: the rest is the test's.
  #answer({ type, flags, payload }: Frame): void {
    if (type === FRAME.goaway) this.socket.close();
    if ((type === FRAME.settings || type === FRAME.ping) && (flags & ACK) === 0) {
      this.send(type, ACK, 0, type === FRAME.ping ? payload : undefined);
    }
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
export function block(fields: readonly (readonly [string, string])[]): Buffer {
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

function writeSettings(settings: Readonly<Record<number, number>>): Buffer {
  const pairs = Object.entries(settings).map(([id, value]) => {
    const pair = Buffer.alloc(6);
    pair.writeUInt16BE(Number(id));
    pair.writeUInt32BE(value, 2);
    return pair;
  });
  return Buffer.concat(pairs);
}
