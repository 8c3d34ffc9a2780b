/** The last messages of a WebSocket, or events of an event stream: bounded in number and bytes, the oldest go first. */
import type { Message } from './wire.js';

/** Takes bytes that are kept into account (or fewer), and returns false when there is no room for them. */
export type Reserve = (bytes: number) => boolean;

/** A message as it is kept. Its payload may follow later: compressed ones are inflated aside. */
export interface LoggedMessage {
  readonly n: number;
  readonly at: number;
  readonly from: Message['from'];
  readonly kind: Message['kind'];
  /** All bytes of the payload, as the app sent them. */
  bytes: number;
  /** The first of them. */
  payload: Buffer;
  readonly event?: string;
  readonly lastEventId?: string;
  readonly closeCode?: number;
}

export type NewMessage = Omit<LoggedMessage, 'n' | 'at'>;

/** Of one message; the rest is counted only. */
export const MAX_MESSAGE_KEPT = 65_536;

const MAX_MESSAGES = 1_000;
// The object of a message, beside its payload.
const ENTRY_BYTES = 300;

export class MessageLog {
  readonly #maxBytes: number;
  readonly #reserve: Reserve;
  readonly #changed: () => void;
  #messages: LoggedMessage[] = [];
  #bytes = 0;
  #total = 0;
  #isKept = true;

  /** `changed` is called when there is another message, or more of one. */
  constructor(maxBytes: number, reserve: Reserve, changed: () => void) {
    this.#maxBytes = maxBytes;
    this.#reserve = reserve;
    this.#changed = changed;
  }

  /** All that there were. */
  get total(): number {
    return this.#total;
  }

  /** How many of them are not kept any more. */
  get dropped(): number {
    return this.#total - this.#messages.length;
  }

  add(fields: NewMessage): LoggedMessage {
    this.#total += 1;
    const message = { ...fields, n: this.#total, at: Date.now() };
    if (this.#isKept) {
      this.#messages.push(message);
      this.#grow(ENTRY_BYTES + message.payload.length);
    }
    this.#changed();
    return message;
  }

  /** Takes into account what is kept of a message that is not complete yet; less, once it is. */
  hold(bytes: number): void {
    this.#reserve(bytes);
  }

  /** Keeps nothing any more: the exchange went for lack of room, though it still runs. */
  release(): void {
    this.#isKept = false;
    this.#messages = [];
  }

  /** The payload of a message that was added without. */
  fill(message: LoggedMessage, bytes: number, payload: Buffer): void {
    message.bytes = bytes;
    if (!this.#messages.includes(message)) return; // dropped meanwhile
    message.payload = payload;
    this.#grow(payload.length);
    this.#changed();
  }

  /** Those behind number `after`, oldest first. */
  read(after: number, limit: number): Message[] {
    return this.#messages
      .filter(({ n }) => n > after)
      .slice(0, limit)
      .map(describe);
  }

  /** Every payload that is kept. */
  payloads(): Buffer[] {
    return this.#messages.map(({ payload }) => payload);
  }

  #grow(bytes: number): void {
    this.#bytes += bytes;
    let hasRoom = this.#reserve(bytes);
    let drop = 0;
    while (
      drop < this.#messages.length - 1 &&
      (!hasRoom || this.#bytes > this.#maxBytes || this.#messages.length - drop > MAX_MESSAGES)
    ) {
      const freed = ENTRY_BYTES + (this.#messages[drop] as LoggedMessage).payload.length; // within the list
      this.#bytes -= freed;
      hasRoom = this.#reserve(-freed);
      drop += 1;
    }
    if (drop > 0) this.#messages = this.#messages.slice(drop);
  }
}

function describe({ payload, kind, ...fields }: LoggedMessage): Message {
  const isText = kind !== 'binary';
  const text = isText ? payload.toString('utf8') : null;
  return { ...fields, kind, kept: payload.length, text, base64: isText ? null : payload.toString('base64') };
}
