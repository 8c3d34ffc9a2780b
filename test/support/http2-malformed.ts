/** One request over HTTP/2 that no library would send, on a connection of its own: its fields leave as they are. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { block, END_HEADERS, END_STREAM, FRAME, frame } from './raw-peer.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEAD_BYTES = 9;
const MAX_FRAME_BYTES = 16_384;

export interface BareResponse {
  /** Flat, `:status` first; empty when there was no response. */
  readonly fields: readonly string[];
  readonly body: Buffer;
}

/** Sends the request and gives what came back, whatever ended it. */
export async function askMalformed(port: number, fields: readonly string[], body?: Buffer): Promise<BareResponse> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {}); // `close` follows
  const pairs = Array.from({ length: fields.length / 2 }, (_, at) => fields.slice(2 * at, 2 * at + 2));
  socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0), ...headers(pairs, body), ...data(body)]));
  const received = new Received();
  socket.on('data', (chunk: Buffer) => received.read(chunk) && socket.destroy());
  await once(socket, 'close');
  return received;
}

function headers(pairs: readonly string[][], body: Buffer | undefined): Buffer[] {
  const pieces = split(block(pairs as [string, string][]));
  return pieces.map((piece, at) => {
    const last = at === pieces.length - 1 ? END_HEADERS : 0;
    if (at > 0) return frame(FRAME.continuation, last, 1, piece);
    return frame(FRAME.headers, last | (body === undefined ? END_STREAM : 0), 1, piece);
  });
}

function data(body: Buffer | undefined): Buffer[] {
  const pieces = body === undefined ? [] : split(body);
  return pieces.map((piece, at) => frame(FRAME.data, at === pieces.length - 1 ? END_STREAM : 0, 1, piece));
}

function split(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / MAX_FRAME_BYTES));
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * MAX_FRAME_BYTES, (at + 1) * MAX_FRAME_BYTES));
}

class Received implements BareResponse {
  fields: readonly string[] = [];
  body = Buffer.alloc(0);
  #rest = Buffer.alloc(0);
  readonly #decoder = new HpackDecoder({ tableSizeBytes: 4_096, maxListBytes: 131_072, maxFields: 1_000 });

  /** Whether the response is over. */
  read(chunk: Buffer): boolean {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    let isOver = false;
    while (!isOver && this.#rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      isOver = this.#frame(this.#rest[3], this.#rest[4] as number, this.#rest.subarray(HEAD_BYTES, end));
      this.#rest = this.#rest.subarray(end);
    }
    return isOver;
  }

  #frame(type: number | undefined, flags: number, payload: Buffer): boolean {
    if (type === FRAME.headers) this.fields = this.#decoder.decode(payload);
    else if (type === FRAME.data) this.body = Buffer.concat([this.body, payload]);
    else return type === FRAME.reset || type === FRAME.goaway;
    return (flags & END_STREAM) !== 0;
  }
}
