/** The streams of a connection, and the states of those that are not live (RFC 9113 sections 5.1 and 5.1.1). */
import type { Role } from '../frame/settings.js';
import { MAX_31_BITS } from '../frame/types.js';
import { StreamIdTable } from './id-table.js';
import type { Http2Stream } from './stream.js';

/**
 * `idle`: never used. `reset`: reset by us, so that frames may still be in flight (section 5.4.2). `closed`: ended in any
 * other way.
 */
export type ClosedState = 'idle' | 'reset' | 'closed';

// How many of the streams that we reset are remembered: far more than a path holds frames for.
const MAX_REMEMBERED_RESETS = 2_000;
// HEADERS and empty DATA that may be in flight for one of them; DATA with content is bounded by flow control.
const MAX_FRAMES_AFTER_RESET = 64;
// Three quarters of all identifiers: enough are left until a new connection takes over.
const STREAM_ID_WATERMARK = 0x6000_0000;

export class StreamTable {
  readonly #role: Role;
  readonly #live = new StreamIdTable<Http2Stream>();
  // With the number of frames without content that have arrived for each since. Most connections never need it.
  #resets: Map<number, number> | undefined;
  // The client role opens all streams (odd identifiers), as there is no server push.
  #highestId = 0;

  constructor(role: Role) {
    this.#role = role;
  }

  get size(): number {
    return this.#live.size;
  }

  /** The highest identifier used: by us in the client role, by the peer in the server role. */
  get highestId(): number {
    return this.#highestId;
  }

  /** Few identifiers are left, so this connection should be replaced. */
  get idsRunningLow(): boolean {
    return this.#highestId >= STREAM_ID_WATERMARK;
  }

  get(id: number): Http2Stream | undefined {
    return this.#live.get(id);
  }

  [Symbol.iterator](): Iterator<Http2Stream> {
    return this.#live[Symbol.iterator]();
  }

  /** The state of a stream that is not live. */
  closedState(id: number): ClosedState {
    if (id > this.#highestId || id % 2 === 0) return 'idle';
    return this.#resets?.has(id) ? 'reset' : 'closed';
  }

  /** Client role: the identifier of the next stream; undefined if none is left. */
  nextId(): number | undefined {
    const id = this.#highestId === 0 ? 1 : this.#highestId + 2;
    return id > MAX_31_BITS ? undefined : id;
  }

  /** Whether the peer may open a stream with this identifier: odd, and higher than all before (section 5.1.1). */
  mayOpen(id: number): boolean {
    return this.#role === 'server' && id % 2 === 1 && id > this.#highestId;
  }

  /** Marks an identifier as used, whatever becomes of its stream. */
  markUsed(id: number): void {
    this.#highestId = id;
  }

  add(stream: Http2Stream): void {
    this.#live.add(stream);
  }

  /** Removes a stream whose two directions have ended. */
  markClosed(id: number): void {
    this.#live.delete(id);
  }

  /** Removes a stream that we reset: frames that still arrive for it are not an error. */
  markReset(id: number): void {
    this.#live.delete(id);
    this.#remember(id);
  }

  /** Counts a frame without content for a stream that we reset; `'flood'` for more than can have been in flight. */
  countAfterReset(id: number): 'flood' | undefined {
    const count = (this.#resets?.get(id) ?? 0) + 1;
    this.#resets?.set(id, count);
    return count > MAX_FRAMES_AFTER_RESET ? 'flood' : undefined;
  }

  #remember(id: number): void {
    this.#resets ??= new Map();
    this.#resets.set(id, 0);
    if (this.#resets.size <= MAX_REMEMBERED_RESETS) return;
    for (const oldest of this.#resets.keys()) {
      this.#resets.delete(oldest);
      break;
    }
  }
}
