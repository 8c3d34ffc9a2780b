/**
 * The priorities that a client signals (RFC 9218): by the field of a request, and by PRIORITY_UPDATE frames, which may come
 * before the stream that they are about.
 */
import { Http2ConnectionError, Http2ErrorCode } from '../errors.js';
import { NO_PRIORITY, parsePriority } from '../message/priority.js';
import type { StreamTable } from './stream-table.js';

export class Priorities {
  readonly #table: StreamTable;
  readonly #maxStreams: number;
  // Of streams that are not open yet. Most connections never need it.
  #early: Map<number, number> | undefined;
  // Requests of one page resemble each other: what was parsed last.
  #value = '';
  #parsed = parsePriority('');

  /** `maxStreams` bounds open streams and those of which only the priority is known, together (section 7.1). */
  constructor(table: StreamTable, maxStreams: number) {
    this.#table = table;
    this.#maxStreams = maxStreams;
  }

  /** How many priorities are kept for streams that are not open. */
  get early(): number {
    return this.#early === undefined ? 0 : this.#early.size;
  }

  /** The priority of a request that has arrived. */
  ofRequest(id: number, fields: readonly string[]): number {
    const early = this.#early?.get(id);
    if (early !== undefined) {
      this.#early?.delete(id);
      return early;
    }
    for (let at = 0; at < fields.length; at += 2) {
      if (fields[at] === 'priority') return this.parse(fields[at + 1] as string);
    }
    return NO_PRIORITY;
  }

  parse(value: string): number {
    if (value === this.#value) return this.#parsed;
    this.#value = value;
    this.#parsed = parsePriority(value);
    return this.#parsed;
  }

  /** Keeps the priority of a stream that is idle. Throws `Http2ConnectionError` if there are more than may be opened. */
  keep(id: number, priority: number): void {
    this.#early ??= new Map();
    if (this.#early.size + this.#table.size >= this.#maxStreams && !this.#early.has(id)) this.#dropPassed();
    this.#early.set(id, priority);
    if (this.#early.size + this.#table.size <= this.#maxStreams) return;
    throw new Http2ConnectionError(Http2ErrorCode.PROTOCOL_ERROR, 'PRIORITY_UPDATE for more streams than may be open');
  }

  /** Forgets the streams that were passed over and can no longer be opened. */
  #dropPassed(): void {
    for (const id of this.#early?.keys() ?? []) if (this.#table.closedState(id) !== 'idle') this.#early?.delete(id);
  }
}
