/**
 * An exchange that has ended, as one row of bytes: numbers, the places of its bodies, and its texts one after the other. As texts
 * of their own its fields would live as long as it does: to find the garbage among a hundred thousand of them costs the agent
 * more than to write them down.
 */
import type { RawHeaders } from '../../http/fields.js';
import { fieldValue } from '../../http/fields.js';
import { type Captured, PERSON } from './captured.js';

/** The numbers of a record, by their place in it. The last ones are the lengths of its texts, in their order. */
export const NUMBER = {
  startedAtMs: 0,
  firstByteMs: 1,
  endedMs: 2,
  linkMs: 3,
  status: 4,
  tunnel: 5,
  flags: 6,
  requestBytes: 7,
  requestPieces: 8,
  responseBytes: 9,
  responsePieces: 10,
  person: 11,
  method: 12,
  authority: 13,
  path: 14,
  replayOf: 15,
  failure: 16,
  requestFields: 17,
  responseFields: 18,
  trailers: 19,
} as const;

export const NUMBERS = 20;

/** The texts in their order, each by the place of its length. The person comes first: it is read without the others. */
export const TEXTS = ['person', 'method', 'authority', 'path', 'replayOf', 'failure'] as const;

export const FLAG = { aborted: 1, webSocket: 2, https: 4, person: 8, replay: 16, failure: 32 } as const;

/** Pieces of a body; those with more of them are joined before. */
export const MAX_PIECES = 64;

/** In no field of HTTP (RFC 9110, section 5.5). */
const SEPARATOR = '\n';

/** Writes records, each over the one before. */
export class RecordWriter {
  readonly #numbers = new Float64Array(NUMBERS + 4 * MAX_PIECES);
  readonly #bytes = new Uint8Array(this.#numbers.buffer);
  #count = 0;
  #text = '';

  /** The numbers, and the places of the bodies. */
  get numbers(): Uint8Array {
    return this.#bytes.subarray(0, this.#count * Float64Array.BYTES_PER_ELEMENT);
  }

  /** All texts: a byte for each code unit. */
  get text(): string {
    return this.#text;
  }

  /** `tunnel` is the number of the tunnel. */
  write(captured: Captured, tunnel: number): void {
    const { head, response, requestBody, responseBody } = captured;
    const numbers = this.#numbers;
    numbers[NUMBER.startedAtMs] = captured.startedAtMs;
    numbers[NUMBER.firstByteMs] = captured.firstByteMs ?? Number.NaN;
    numbers[NUMBER.endedMs] = captured.endedMs ?? Number.NaN;
    numbers[NUMBER.linkMs] = captured.linkMs ?? Number.NaN;
    numbers[NUMBER.status] = response?.status ?? 0;
    numbers[NUMBER.tunnel] = tunnel;
    numbers[NUMBER.requestBytes] = requestBody.bytes;
    numbers[NUMBER.responseBytes] = responseBody.bytes;
    this.#count = NUMBERS;
    numbers[NUMBER.requestPieces] = this.#addPieces(requestBody.pieces);
    numbers[NUMBER.responsePieces] = this.#addPieces(responseBody.pieces);
    const person = fieldValue(head.headers, PERSON);
    const { replayOf, failure } = captured;
    numbers[NUMBER.flags] =
      (captured.isAborted ? FLAG.aborted : 0) |
      (captured.isWebSocket ? FLAG.webSocket : 0) |
      (head.scheme === 'https' ? FLAG.https : 0) |
      (person === undefined ? 0 : FLAG.person) |
      (replayOf === undefined ? 0 : FLAG.replay) |
      (failure === undefined ? 0 : FLAG.failure);
    // Written out: a loop over names takes twice as long.
    const failureText = failure === undefined ? '' : asBytes(failure);
    const requestFields = head.headers.join(SEPARATOR);
    const responseFields = response === undefined ? '' : response.headers.join(SEPARATOR);
    const trailers = captured.responseTrailers.join(SEPARATOR);
    numbers[NUMBER.person] = person?.length ?? 0;
    numbers[NUMBER.method] = head.method.length;
    numbers[NUMBER.authority] = head.authority.length;
    numbers[NUMBER.path] = head.path.length;
    numbers[NUMBER.replayOf] = replayOf?.length ?? 0;
    numbers[NUMBER.failure] = failureText.length;
    numbers[NUMBER.requestFields] = requestFields.length;
    numbers[NUMBER.responseFields] = responseFields.length;
    numbers[NUMBER.trailers] = trailers.length;
    this.#text =
      (person ?? '') +
      head.method +
      head.authority +
      head.path +
      (replayOf ?? '') +
      failureText +
      requestFields +
      responseFields +
      trailers;
  }

  #addPieces(pieces: readonly number[]): number {
    for (let at = 0; at < pieces.length; at++) this.#numbers[this.#count + at] = pieces[at] as number;
    this.#count += pieces.length;
    return pieces.length / 2;
  }
}

/** Fields as they were joined. */
export function splitFields(text: string): RawHeaders {
  return text === '' ? [] : text.split(SEPARATOR);
}

// What others write about a target may hold any character.
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The reverse of what a failure is written as. */
export function fromBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}
