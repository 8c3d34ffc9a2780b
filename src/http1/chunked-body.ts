/**
 * Decodes the chunked transfer coding (RFC 9112 section 7.1). Strict: every line ends with CR LF, sizes are hexadecimal
 * digits, extensions are validated and then ignored. Also reads the trailers that may follow (section 7.1.2).
 */
import type { Buffer } from 'node:buffer';
import { MalformedResponse, quoted } from './errors.js';
import { splitFields } from './fields.js';
import { repairFields } from './lenient-fields.js';

// Below this a size is an exact number.
const MAX_SIZE_BYTES = 2 ** 52;
// Some senders write sizes of a fixed width, and section 7.1 permits leading zeros; their number is bounded.
const MAX_DIGITS = 256;
// Extensions are not used in practice; a line must not be endless.
const MAX_EXTENSION_BYTES = 4_096;

// With the BWS of section 7.1.1, which older servers also send after a size.
const EXTENSIONS =
  /^[ \t]*(?:;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?[ \t]*)*$/;

const [TAB, CR, LF, SPACE, SEMICOLON] = [0x09, 0x0d, 0x0a, 0x20, 0x3b];

/** Receives content: `bytes` from `start` to `end`. */
export type ChunkSink = (bytes: Buffer, start: number, end: number) => void;

export class ChunkedBody {
  #part: 'size' | 'extension' | 'size-lf' | 'content' | 'content-cr' | 'content-lf' | 'last' = 'size';
  #sizeBytes = 0;
  #digits = 0;
  #extensions = '';

  /** The size of the last chunk was read; the CR LF of its line and the trailers follow. */
  get isOver(): boolean {
    return this.#part === 'last';
  }

  /**
   * Reads from `at` on and gives the content to `sink`. Returns where it stopped: at the end of the bytes, or at the CR of
   * the last chunk's line. Throws `MalformedResponse`.
   */
  read(bytes: Buffer, at: number, sink: ChunkSink): number {
    let position = at;
    while (position < bytes.length && !this.isOver) {
      if (this.#part === 'content') position = this.#readContent(bytes, position, sink);
      else if (this.#readDelimiter(bytes[position] as number)) position += 1;
    }
    return position;
  }

  #readContent(bytes: Buffer, at: number, sink: ChunkSink): number {
    const end = Math.min(bytes.length, at + this.#sizeBytes);
    this.#sizeBytes -= end - at;
    if (this.#sizeBytes === 0) this.#part = 'content-cr';
    sink(bytes, at, end);
    return end;
  }

  /** Reads one byte around the content. False if the byte belongs to the trailers. */
  #readDelimiter(byte: number): boolean {
    switch (this.#part) {
      case 'size':
        return this.#readSize(byte);
      case 'extension':
        return this.#readExtension(byte);
      case 'size-lf':
        this.#require(byte === LF);
        this.#part = 'content';
        return true;
      case 'content-cr':
        this.#require(byte === CR);
        this.#part = 'content-lf';
        return true;
      default:
        this.#require(byte === LF);
        this.#part = 'size';
        return true;
    }
  }

  #readSize(byte: number): boolean {
    const digit = hexadecimal(byte);
    if (digit === -1) {
      this.#require(this.#digits > 0 && endsSize(byte));
      if (byte === CR) return this.#endSize();
      this.#part = 'extension';
      return this.#readExtension(byte);
    }
    this.#digits += 1;
    this.#sizeBytes = this.#sizeBytes * 16 + digit;
    this.#require(this.#digits <= MAX_DIGITS && this.#sizeBytes < MAX_SIZE_BYTES);
    return true;
  }

  #readExtension(byte: number): boolean {
    if (byte === CR) return this.#endSize();
    this.#extensions += String.fromCharCode(byte);
    this.#require(this.#extensions.length <= MAX_EXTENSION_BYTES);
    return true;
  }

  #endSize(): boolean {
    this.#require(EXTENSIONS.test(this.#extensions));
    this.#part = this.#sizeBytes === 0 ? 'last' : 'size-lf';
    this.#digits = 0;
    this.#extensions = '';
    return !this.isOver;
  }

  #require(isMet: boolean): void {
    if (!isMet) throw new MalformedResponse('a chunk is malformed');
  }
}

function endsSize(byte: number): boolean {
  return byte === CR || byte === SEMICOLON || byte === SPACE || byte === TAB;
}

function hexadecimal(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const FIELD_LINES = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const FRAMING = /^(?:content-length|transfer-encoding)$/i;

/**
 * Reads trailers, each line with the CR LF before it. Throws `MalformedResponse`, also for framing fields, which have no
 * place in trailers (RFC 9110 section 6.5.1).
 */
export function readTrailers(lines: string): string[] {
  const trailers = splitFields(FIELD_LINES.test(lines) ? lines : repairFields(lines), 0);
  for (let at = 0; at < trailers.length; at += 2) {
    if (FRAMING.test(trailers[at] as string))
      throw new MalformedResponse(`framing in the trailers: ${quoted(trailers[at] as string)}`);
  }
  return trailers;
}
