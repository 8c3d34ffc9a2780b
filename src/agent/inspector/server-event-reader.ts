/** Reads `text/event-stream` as it passes, and logs each event (HTML, section 9.2). Bounded: the rest of a long event is counted. */
import { StringDecoder } from 'node:string_decoder';
import { MAX_MESSAGE_KEPT, type MessageLog } from './message-log.js';

// Longer lines are cut: no browser needs an id or a type of this length.
const MAX_FIELD_CHARS = 1_000;

export class ServerEventReader {
  readonly #log: MessageLog;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #data = '';
  #hasData = false;
  #bytes = 0;
  #type = '';
  #id = '';
  #endsInReturn = false;
  #isFirst = true;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  read(chunk: Buffer): void {
    let text = this.#decoder.write(chunk);
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      text = text.replace(/^\ufeff/, '');
    }
    if (this.#endsInReturn && text.startsWith('\n')) text = text.slice(1); // the second half of CR LF
    if (text !== '') this.#endsInReturn = text.endsWith('\r');
    const lines = text.split(/\r\n|\r|\n/);
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#append(line);
      this.#take(this.#line);
      this.#line = '';
    }
    this.#append(rest);
  }

  #append(text: string): void {
    if (this.#line.length < MAX_MESSAGE_KEPT) this.#line += text.slice(0, MAX_MESSAGE_KEPT);
  }

  #take(line: string): void {
    if (line === '') return void this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'data') this.#addData(value);
    else if (name === 'event') this.#type = value.slice(0, MAX_FIELD_CHARS);
    else if (name === 'id' && !value.includes('\0')) this.#id = value.slice(0, MAX_FIELD_CHARS);
  }

  #addData(value: string): void {
    const text = this.#hasData ? `\n${value}` : value;
    this.#hasData = true;
    this.#bytes += Buffer.byteLength(text);
    if (this.#data.length < MAX_MESSAGE_KEPT) this.#data += text;
  }

  #dispatch(): void {
    if (this.#hasData) {
      const payload = Buffer.from(Buffer.from(this.#data).subarray(0, MAX_MESSAGE_KEPT));
      const fields = {
        event: this.#type === '' ? 'message' : this.#type,
        ...(this.#id !== '' && { lastEventId: this.#id }),
      };
      this.#log.add({ from: 'target', kind: 'event', bytes: this.#bytes, payload, ...fields });
    }
    this.#data = '';
    this.#hasData = false;
    this.#bytes = 0;
    this.#type = '';
  }
}
