/** An exchange that has ended, read from its record. It is read when it is asked for, and what was not read goes with the record. */
import type { RequestHead, ResponseHead } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';
import { readEmail } from '../target/request-record.js';
import { readPieces } from './body-copy.js';
import { FLAG, fromBytes, NUMBER, NUMBERS, splitFields, TEXTS } from './exchange-record.js';
import type { TunnelName } from './inspected-tunnels.js';
import type { KeptBody, KeptExchange } from './kept-exchange.js';

/** What keeps the records. */
export interface Archive {
  /** Fills `target`, or returns false for what is not there any more. */
  read(position: number, target: Buffer): boolean;
  tunnel(number: number): TunnelName;
  idOf(seq: number): string;
  isPinned(seq: number): boolean;
  noteOf(seq: number): string;
}

const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;

type Text = (typeof TEXTS)[number];

export class ArchivedExchange implements KeptExchange {
  readonly seq: number;
  readonly messages = undefined;
  readonly requestBody: ArchivedBody;
  readonly responseBody: ArchivedBody;
  readonly #archive: Archive;
  readonly #position: number;
  readonly #numbers = new Float64Array(NUMBERS);
  #text: string | undefined;

  constructor(archive: Archive, seq: number, position: number) {
    this.seq = seq;
    this.#archive = archive;
    this.#position = position;
    archive.read(position, Buffer.from(this.#numbers.buffer));
    const at = position + NUMBERS * NUMBER_BYTES;
    const ofRequest = this.#number('requestPieces');
    this.requestBody = new ArchivedBody(archive, this.#number('requestBytes'), { at, count: ofRequest });
    this.responseBody = new ArchivedBody(archive, this.#number('responseBytes'), {
      at: at + ofRequest * 2 * NUMBER_BYTES,
      count: this.#number('responsePieces'),
    });
  }

  get id(): string {
    return this.#archive.idOf(this.seq);
  }

  get tunnel(): TunnelName {
    return this.#archive.tunnel(this.#number('tunnel'));
  }

  get startedAtMs(): number {
    return this.#number('startedAtMs');
  }

  get firstByteMs(): number | undefined {
    return known(this.#number('firstByteMs'));
  }

  get endedMs(): number | undefined {
    return known(this.#number('endedMs'));
  }

  get linkMs(): number | undefined {
    return known(this.#number('linkMs'));
  }

  get isAborted(): boolean {
    return this.#has('aborted');
  }

  get isWebSocket(): boolean {
    return this.#has('webSocket');
  }

  get isPinned(): boolean {
    return this.#archive.isPinned(this.seq);
  }

  get note(): string {
    return this.#archive.noteOf(this.seq);
  }

  get person(): string | undefined {
    if (!this.#has('person')) return undefined;
    return readEmail(this.#text?.slice(0, this.#number('person')) ?? this.#readText(this.#number('person')));
  }

  get replayOf(): string | undefined {
    return this.#has('replay') ? this.#textOf('replayOf') : undefined;
  }

  get failure(): string | undefined {
    return this.#has('failure') ? fromBytes(this.#textOf('failure')) : undefined;
  }

  get head(): RequestHead {
    return {
      method: this.#textOf('method'),
      scheme: this.#has('https') ? 'https' : 'http',
      authority: this.#textOf('authority'),
      path: this.#textOf('path'),
      ...(this.isWebSocket && { protocol: 'websocket' }),
      headers: this.#fields('requestFields', 0),
    };
  }

  get response(): ResponseHead | undefined {
    const status = this.#number('status');
    if (status === 0) return undefined;
    return { status, headers: this.#fields('responseFields', this.#number('requestFields')) };
  }

  get responseTrailers(): RawHeaders {
    return this.#fields('trailers', this.#number('requestFields') + this.#number('responseFields'));
  }

  get cost(): number {
    return this.#textAt - this.#position + this.#textLength + this.requestBody.kept + this.responseBody.kept;
  }

  /** Reads all of it, for as long as this object is used. */
  hold(): this {
    this.#text ??= this.#readText(this.#textLength);
    this.requestBody.hold();
    this.responseBody.hold();
    return this;
  }

  /** Where its texts begin. */
  get #textAt(): number {
    const pieces = this.#number('requestPieces') + this.#number('responsePieces');
    return this.#position + (NUMBERS + 2 * pieces) * NUMBER_BYTES;
  }

  get #textLength(): number {
    return this.#fieldsAt + this.#number('requestFields') + this.#number('responseFields') + this.#number('trailers');
  }

  /** Where the fields begin, behind the other texts. */
  get #fieldsAt(): number {
    return TEXTS.reduce((sum, text) => sum + this.#number(text), 0);
  }

  #number(name: keyof typeof NUMBER): number {
    return this.#numbers[NUMBER[name]] as number;
  }

  #has(flag: keyof typeof FLAG): boolean {
    return (this.#number('flags') & FLAG[flag]) !== 0;
  }

  #textOf(wanted: Text): string {
    let at = 0;
    for (const text of TEXTS) {
      if (text === wanted) break;
      at += this.#number(text);
    }
    return this.#slice(at, this.#number(wanted));
  }

  #fields(name: 'requestFields' | 'responseFields' | 'trailers', offset: number): RawHeaders {
    return splitFields(this.#slice(this.#fieldsAt + offset, this.#number(name)));
  }

  #slice(at: number, length: number): string {
    this.#text ??= this.#readText(this.#textLength);
    return this.#text.slice(at, at + length);
  }

  #readText(length: number): string {
    const bytes = Buffer.allocUnsafe(length);
    return this.#archive.read(this.#textAt, bytes) ? bytes.toString('latin1') : '';
  }
}

class ArchivedBody implements KeptBody {
  readonly bytes: number;
  readonly #archive: Archive;
  readonly #pieces: Float64Array;
  #held: Buffer | undefined;

  constructor(archive: Archive, bytes: number, { at, count }: { readonly at: number; readonly count: number }) {
    this.bytes = bytes;
    this.#archive = archive;
    this.#pieces = count === 0 ? NO_PIECES : new Float64Array(2 * count);
    if (count > 0) archive.read(at, Buffer.from(this.#pieces.buffer));
  }

  get kept(): number {
    let kept = 0;
    for (let at = 1; at < this.#pieces.length; at += 2) kept += this.#pieces[at] as number;
    return kept;
  }

  read(): Buffer {
    return (
      this.#held ?? readPieces(this.#pieces, this.kept, (position, target) => this.#archive.read(position, target))
    );
  }

  hold(): void {
    this.#held ??= this.read();
  }
}

const NO_PIECES = new Float64Array();

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
