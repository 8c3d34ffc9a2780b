/** What an HTTP/2 connection is made with: its role, its way out, its observer and its limits. */
import type { Buffer } from 'node:buffer';
import type { BytePool } from './byte-pool.js';
import type { Http2Error } from './errors.js';
import { type AbuseLimits, DEFAULT_ABUSE_LIMITS } from './flood-guard.js';
import { DEFAULT_FLOW_LIMITS, type FlowLimits } from './flow/flow-control.js';
import type { Role } from './frame/settings.js';
import type { Http2Stream } from './stream/stream.js';

/** What a connection tells its owner. */
export interface ConnectionObserver {
  /**
   * Server role: a request has come, pseudo-fields first. The stream is to be observed before this returns, for its end
   * follows at once when `endStream`.
   */
  stream?(stream: Http2Stream, request: string[], endStream: boolean): void;
  /** The peer's SETTINGS have come, first or again. */
  settings?(): void;
  /** The peer takes no new streams. Without `error` it only drains. */
  goaway?(error: Http2Error | undefined): void;
  /** Three quarters of the stream identifiers are used: replace this connection, then drain it. Called once. */
  idsRunningLow?(): void;
  /**
   * It is over: everything that was to be said has been given to `send`, every stream's observer has been told. Close
   * what is below once it was sent. Without `error` after `drain`, or when the peer drained.
   */
  closed(error: Http2Error | undefined): void;
}

export interface ConnectionLimits {
  /** The most streams that the peer may have open (MAX_CONCURRENT_STREAMS). */
  readonly maxStreams: number;
  /** The largest list of fields that is taken, as section 6.5.2 counts (MAX_HEADER_LIST_SIZE). */
  readonly maxHeaderListBytes: number;
  readonly maxHeaderFields: number;
  readonly flow: FlowLimits;
  /** Shared with other connections, whose bytes that wait to be sent count together. */
  readonly sendPool?: BytePool;
  readonly abuse: AbuseLimits;
}

export interface ConnectionOptions {
  readonly role: Role;
  readonly observer: ConnectionObserver;
  /** Takes bytes, in order. The owner calls `sent` with their number when they have left its own buffers. */
  readonly send: (bytes: Buffer) => void;
  /** Server role: announces extended CONNECT (RFC 8441). */
  readonly connectProtocol?: boolean;
  /** Fields whose values are secret; see `HpackEncoderOptions`. */
  readonly neverIndexed?: ReadonlySet<string>;
  readonly limits?: Partial<ConnectionLimits>;
  /** Monotonic milliseconds; `performance.now` when absent. */
  readonly now?: () => number;
  /** Runs a function after the current turn of the event loop; `setImmediate` when absent. */
  readonly schedule?: (run: () => void) => void;
}

const DEFAULT_LIMITS: ConnectionLimits = {
  maxStreams: 1_000,
  maxHeaderListBytes: 131_072,
  maxHeaderFields: 2_000,
  flow: DEFAULT_FLOW_LIMITS,
  abuse: DEFAULT_ABUSE_LIMITS,
};

const SECRETS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie']);

const monotonicMs = () => performance.now();
const afterTurn = (run: () => void) => void setImmediate(run);

/** The options with what was left out. */
export function withDefaults(options: ConnectionOptions): Required<ConnectionOptions> & { limits: ConnectionLimits } {
  return {
    connectProtocol: false,
    neverIndexed: SECRETS,
    now: monotonicMs,
    schedule: afterTurn,
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}
