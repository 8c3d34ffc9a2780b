/**
 * Reads the frames of a WebSocket in one direction as they pass (RFC 6455 section 5), and logs messages and control frames. It
 * reads only: what breaks the protocol is not logged, and passes all the same.
 */
import { KeptBytes } from './kept-bytes.js';
import { MessageInflater } from './message-inflater.js';
import { MAX_MESSAGE_KEPT, type MessageLog } from './message-log.js';
import type { Message } from './wire.js';

const OPCODES: Readonly<Record<number, Message['kind']>> = {
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
};
const CONTINUATION = 0;
const FIRST_CONTROL = 8;
const EMPTY = Buffer.alloc(0);

// What of a compressed message is kept until it is complete: without all of it, it cannot be inflated.
const MAX_COMPRESSED_BYTES = 1_048_576;

interface Frame {
  readonly isFinal: boolean;
  readonly isCompressed: boolean;
  readonly opcode: number;
  readonly mask: Buffer | undefined;
  left: number;
  /** Bytes so far, for the place in the mask. */
  at: number;
}

/** A message, or a control frame, as far as it has arrived. */
class Assembly {
  readonly kind: Message['kind'];
  readonly isCompressed: boolean;
  bytes = 0;
  readonly #maxBytes: number;
  readonly #kept = new KeptBytes();

  constructor(kind: Message['kind'], isCompressed: boolean) {
    this.kind = kind;
    this.isCompressed = isCompressed;
    this.#maxBytes = isCompressed ? MAX_COMPRESSED_BYTES : MAX_MESSAGE_KEPT;
  }

  get isWhole(): boolean {
    return this.#kept.length === this.bytes;
  }

  get kept(): number {
    return this.#kept.length;
  }

  /** Returns how many of the bytes are kept. */
  add(payload: Buffer, mask: Buffer | undefined, at: number): number {
    this.bytes += payload.length;
    const kept = Buffer.from(payload.subarray(0, this.#maxBytes - this.#kept.length));
    if (mask !== undefined)
      for (let i = 0; i < kept.length; i++) kept[i] = (kept[i] as number) ^ (mask[(at + i) & 3] as number);
    this.#kept.add(kept);
    return kept.length;
  }

  read(): Buffer {
    return this.#kept.read();
  }
}

export class WebSocketReader {
  readonly #log: MessageLog;
  readonly #from: Message['from'];
  readonly #inflater: MessageInflater | undefined;
  #header = EMPTY;
  #frame: Frame | undefined;
  #message: Assembly | undefined;
  #control: Assembly | undefined;
  #isBroken = false;

  /** `inflates`: the two ends have agreed on permessage-deflate. */
  constructor(log: MessageLog, from: Message['from'], { inflates }: { readonly inflates: boolean }) {
    this.#log = log;
    this.#from = from;
    this.#inflater = inflates ? new MessageInflater() : undefined;
  }

  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isBroken) {
      at +=
        this.#frame === undefined
          ? this.#readHeader(chunk.subarray(at))
          : this.#readPayload(this.#frame, chunk.subarray(at));
    }
  }

  close(): void {
    this.#isBroken = true;
    this.#inflater?.close();
    this.#log.hold(-(this.#message?.kept ?? 0) - (this.#control?.kept ?? 0));
    this.#message = undefined;
    this.#control = undefined;
  }

  /** Returns how many bytes belong to the header. */
  #readHeader(bytes: Buffer): number {
    const before = this.#header.length;
    const header = Buffer.concat([this.#header, bytes.subarray(0, 14 - before)]);
    const length = headerLength(header);
    if (length === undefined || header.length < length) {
      this.#header = header;
      return bytes.length;
    }
    this.#header = EMPTY;
    this.#begin(header.subarray(0, length));
    return length - before;
  }

  #begin(header: Buffer): void {
    const [first = 0, second = 0] = header;
    const opcode = first & 0x0f;
    const marker = second & 0x7f;
    const left = marker === 126 ? header.readUInt16BE(2) : marker === 127 ? Number(header.readBigUInt64BE(2)) : marker;
    const mask = (second & 0x80) === 0 ? undefined : Buffer.from(header.subarray(-4));
    const isCompressed = (first & 0x40) !== 0;
    const frame: Frame = { isFinal: (first & 0x80) !== 0, isCompressed, opcode, mask, left, at: 0 };
    if (!this.#mayBegin(frame)) return void this.close();
    const kind = OPCODES[opcode];
    if (kind !== undefined && opcode >= FIRST_CONTROL) this.#control = new Assembly(kind, false);
    else if (kind !== undefined) this.#message = new Assembly(kind, isCompressed);
    this.#frame = frame;
    if (left === 0) this.#finish(frame);
  }

  // RFC 6455 section 5.4: a control frame is not fragmented, and a message ends before the next one begins.
  #mayBegin({ opcode, isFinal }: Frame): boolean {
    if (opcode === CONTINUATION) return this.#message !== undefined;
    if (OPCODES[opcode] === undefined) return false;
    return opcode >= FIRST_CONTROL ? isFinal : this.#message === undefined;
  }

  /** Returns how many bytes belong to the frame. */
  #readPayload(frame: Frame, bytes: Buffer): number {
    const part = bytes.subarray(0, frame.left);
    this.#log.hold(this.#assemblyOf(frame)?.add(part, frame.mask, frame.at) ?? 0);
    frame.at += part.length;
    frame.left -= part.length;
    if (frame.left === 0) this.#finish(frame);
    return part.length;
  }

  #assemblyOf({ opcode }: Frame): Assembly | undefined {
    return opcode >= FIRST_CONTROL ? this.#control : this.#message;
  }

  #finish(frame: Frame): void {
    this.#frame = undefined;
    const assembly = this.#assemblyOf(frame);
    if (assembly === undefined || !frame.isFinal) return;
    if (frame.opcode >= FIRST_CONTROL) this.#control = undefined;
    else this.#message = undefined;
    this.#log.hold(-assembly.kept);
    if (assembly.isCompressed) this.#logCompressed(assembly);
    else this.#logPlain(assembly);
  }

  #logPlain(assembly: Assembly): void {
    const { kind, bytes } = assembly;
    const payload = assembly.read();
    const fields = { from: this.#from, kind, bytes };
    if (kind !== 'close' || payload.length < 2) this.#log.add({ ...fields, payload });
    else
      this.#log.add({ ...fields, bytes: bytes - 2, payload: payload.subarray(2), closeCode: payload.readUInt16BE(0) });
  }

  #logCompressed(assembly: Assembly): void {
    const compressed = assembly.read();
    const message = this.#log.add({ from: this.#from, kind: assembly.kind, bytes: assembly.bytes, payload: EMPTY });
    if (!assembly.isWhole) this.#inflater?.close();
    this.#inflater?.inflate(compressed, (inflated) => {
      if (inflated !== undefined) this.#log.fill(message, inflated.bytes, inflated.payload);
    });
  }
}

/** The length of a frame's header; undefined while it is too short to tell. */
function headerLength(header: Buffer): number | undefined {
  if (header.length < 2) return undefined;
  const second = header[1] as number;
  const marker = second & 0x7f;
  return 2 + (marker === 126 ? 2 : marker === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
}
