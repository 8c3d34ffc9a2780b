/** The streams of a connection and the states of those that are not live (RFC 9113 sections 5.1 and 5.1.1). */

import type { Role } from '../frame/settings.js';
import { MAX_31_BITS } from '../frame/types.js';
import { StreamIdTable } from './id-table.js';
import type { Http2Stream } from './stream.js';

/**
 * `idle`: never used. `reset`: reset by us, so that frames may still be on their way (section 5.4.2). `closed`: any
 * other that has ended.
 */
export type ClosedState = 'idle' | 'reset' | 'closed';

// How many of the streams that we reset are remembered: far more than a path holds in frames for any of them.
const MAX_REMEMBERED_RESETS = 2_000;
// Heads, trailers and empty DATA that may be on their way for one of them; DATA with content pays by the windows.
const MAX_FRAMES_AFTER_RESET = 64;
// Three quarters of all identifiers: enough are left while a new connection takes over.
const STREAM_ID_WATERMARK = 0x6000_0000;

export class StreamTable {
  readonly #role: Role;
  readonly #live = new StreamIdTable<Http2Stream>();
  // With the number of frames without content that came for each since. Most connections never need it.
  #resets: Map<number, number> | undefined;
  // All streams are opened by the client role (odd identifiers): nobody pushes.
  #highestId = 0;

  constructor(role: Role) {
    this.#role = role;
  }

  get size(): number {
    return this.#live.size;
  }

  /** The highest identifier that was used: by us in the client role, by the peer in the server role. */
  get highestId(): number {
    return this.#highestId;
  }

  /** Few identifiers are left: this connection should be replaced. */
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

  /** Client role: the identifier of the next stream; undefined when there are none left. */
  nextId(): number | undefined {
    const id = this.#highestId === 0 ? 1 : this.#highestId + 2;
    return id > MAX_31_BITS ? undefined : id;
  }

  /** Whether the peer may open a stream by this identifier: odd, and higher than all before (section 5.1.1). */
  mayOpen(id: number): boolean {
    return this.#role === 'server' && id % 2 === 1 && id > this.#highestId;
  }

  /** Notes that an identifier is used, whatever becomes of its stream. */
  markUsed(id: number): void {
    this.#highestId = id;
  }

  add(stream: Http2Stream): void {
    this.#live.add(stream);
  }

  /** Both directions are over. */
  markClosed(id: number): void {
    this.#live.delete(id);
  }

  /** We reset it: what still arrives for it is nobody's fault. */
  markReset(id: number): void {
    this.#live.delete(id);
    this.#remember(id);
  }

  /** Counts a frame without content for a stream that we reset; `'flood'` when there were more than could be on their way. */
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
