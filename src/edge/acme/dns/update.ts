/** Dynamic updates (RFC 2136): adds a TXT record to the zone that has its name, and removes it again. */
import { randomInt } from 'node:crypto';
import { AcmeError } from '../errors.js';
import { exchange, type NameServer } from './exchange.js';
import {
  CLASS,
  type Message,
  type ReadMessage,
  type ResourceRecord,
  readMessage,
  TYPE,
  textData,
  writeMessage,
} from './message.js';
import { isAuthentic, sign, type TsigKey } from './tsig.js';

export interface UpdateOptions {
  readonly server: NameServer;
  readonly key: TsigKey;
}

const OPCODE_UPDATE = 5 << 11;
const RCODES: Readonly<Record<number, string>> = {
  1: 'the update is malformed',
  2: 'the server failed',
  3: 'there is no such name',
  4: 'it takes no updates',
  5: 'it refuses updates with this key',
  9: 'it is not the primary server of the zone, or does not know the key',
  10: 'the name is outside its zone',
};
// Short, so that the next order finds no old proof in a cache.
const TTL_SECONDS = 60;

/** The zones of one primary name server. */
export class DynamicZone {
  readonly #options: UpdateOptions;

  constructor(options: UpdateOptions) {
    this.#options = options;
  }

  /** Rejects with `AcmeError` when the record is not there afterwards. */
  add(name: string, text: string, signal: AbortSignal): Promise<void> {
    return this.#update({ name, type: TYPE.TXT, class: CLASS.IN, ttl: TTL_SECONDS, data: textData(text) }, signal);
  }

  /** Removes just this record (section 2.5.4). */
  remove(name: string, text: string, signal: AbortSignal): Promise<void> {
    return this.#update({ name, type: TYPE.TXT, class: CLASS.NONE, ttl: 0, data: textData(text) }, signal);
  }

  async #update(record: ResourceRecord, signal: AbortSignal): Promise<void> {
    const { server, key } = this.#options;
    const zone = await this.#zoneOf(record.name, signal);
    const question = { name: zone, type: TYPE.SOA, class: CLASS.IN };
    const message = messageOf(OPCODE_UPDATE, question, [record]);
    const signed = sign(message, key, Date.now());
    const bytes = await this.#exchange(signed.bytes, signal);
    const response = this.#read(bytes, message.id);
    const code = response.flags & 0xf;
    if (code !== 0) throw this.#failure(`the update of ${record.name}: ${RCODES[code] ?? `code ${code}`}`);
    if (!isAuthentic(bytes, signed, key, Date.now()))
      throw this.#failure(`the response about ${record.name} is not signed with the key ${key.name} of ${server.host}`);
  }

  // The closest zone above a name is the one for which the server has an SOA record of that very name.
  async #zoneOf(name: string, signal: AbortSignal): Promise<string> {
    const labels = name.split('.');
    for (let from = 1; from < labels.length; from++) {
      const candidate = labels.slice(from).join('.');
      const message = messageOf(0, { name: candidate, type: TYPE.SOA, class: CLASS.IN }, []);
      const { answers, flags } = this.#read(await this.#exchange(writeMessage(message), signal), message.id);
      const isZone =
        (flags & 0xf) === 0 && answers.some((found) => found.type === TYPE.SOA && found.name === candidate);
      if (isZone) return candidate;
    }
    throw this.#failure(`it serves no zone that has ${name}`);
  }

  async #exchange(message: Buffer, signal: AbortSignal): Promise<Buffer> {
    try {
      return await exchange(this.#options.server, message, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(error instanceof Error ? error.message : String(error));
    }
  }

  #read(bytes: Buffer, id: number): ReadMessage {
    try {
      const message = readMessage(bytes);
      if (message.id === id) return message;
    } catch {
      // as for a response to something else
    }
    throw this.#failure('its response is malformed');
  }

  #failure(reason: string): AcmeError {
    const { host, port } = this.#options.server;
    return new AcmeError(`the name server ${host}:${port}: ${reason}`);
  }
}

function messageOf(flags: number, question: Message['question'], authority: readonly ResourceRecord[]): Message {
  return { id: randomInt(65_536), flags, question, answers: [], authority, additional: [] };
}
