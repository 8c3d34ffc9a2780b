/** The options of an HTTP/2 connection: its role, its output, its observer and its limits, with their defaults. */
import type { Buffer } from 'node:buffer';
import type { BytePool } from './byte-pool.js';
import type { Http2Error } from './errors.js';
import { type AbuseLimits, DEFAULT_ABUSE_LIMITS, type FloodGuard } from './flood-guard.js';
import { DEFAULT_FLOW_LIMITS, type FlowLimits } from './flow/flow-control.js';
import type { Role } from './frame/settings.js';
import { MAX_PENDING_BYTES } from './send/send-half.js';
import type { Http2Stream } from './stream/stream.js';
import { NO_TIME_LIMITS, type TimeLimits } from './time-limits.js';

/** The events of a connection. */
export interface ConnectionObserver {
  /**
   * Server role: a request has arrived, pseudo-fields first. The stream must be observed before this returns, because
   * with `endStream` its end follows at once.
   */
  stream?(stream: Http2Stream, request: string[], endStream: boolean): void;
  /**
   * Server role: a request has arrived whose field list exceeds the limits. The stream is there to respond 431 on (RFC 6585
   * section 5); `pseudoFields` are those of its pseudo-fields that were read before the limit. Without this method the
   * stream is reset with ENHANCE_YOUR_CALM.
   */
  oversized?(stream: Http2Stream, pseudoFields: readonly string[]): void;
  /**
   * Server role: a request has arrived that is malformed. The stream is there to respond 400 on (section 8.1.1); `reason` is
   * for a log. Without this method the stream is reset with PROTOCOL_ERROR.
   */
  malformed?(stream: Http2Stream, reason: string): void;
  /** SETTINGS of the peer have arrived, the first or later ones. */
  settings?(): void;
  /** GOAWAY has arrived: the peer accepts no new streams. Without `error` it only drains. */
  goaway?(error: Http2Error | undefined): void;
  /** After `drain`: the final GOAWAY was sent, and no stream that the peer opens from now on is processed. Once. */
  finalGoaway?(): void;
  /** Three quarters of the stream identifiers are used: the owner should replace this connection, then drain it. Once. */
  idsRunningLow?(): void;
  /**
   * The connection has ended: everything was given to `send`, and every stream's observer was notified. The owner closes
   * its transport after sending. Without `error` after `drain`, or if the peer drained.
   */
  closed(error: Http2Error | undefined): void;
  /**
   * A method of this observer, or of one of a stream, has thrown: a fault of the owner. The stream that it was about is reset
   * with INTERNAL_ERROR, and the connection goes on. Without this method the process emits a warning.
   */
  threw?(error: unknown): void;
  /** The transport has not been closed in time after `closed`: the owner destroys it, unsent bytes included. Once. */
  overdue?(): void;
}

export interface ConnectionLimits {
  /** The most streams that the peer may have open (SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly maxStreams: number;
  /** The largest field list that is accepted (SETTINGS_MAX_HEADER_LIST_SIZE, counted as in section 6.5.2). */
  readonly maxHeaderListBytes: number;
  readonly maxHeaderFields: number;
  /** The largest encoded field block: a larger one ends the connection. `maxHeaderListBytes` if absent. */
  readonly maxFieldBlockBytes?: number;
  readonly flow: FlowLimits;
  /** Counts bytes that wait to be sent together with those of other connections. */
  readonly sendPool?: BytePool;
  /** How many bytes may wait to be sent on this connection before each stream with any is told to wait. */
  readonly maxSendBytes: number;
  /** How many bytes a stream may hold while its window, or that of the connection, does not permit to send them. */
  readonly maxBlockedBytes: number;
  /** Counts bytes of unfinished frames and field blocks; the connection that exceeds it ends. */
  readonly unfinishedPool?: BytePool;
  readonly abuse: AbuseLimits;
}

export interface ConnectionOptions {
  readonly role: Role;
  readonly observer: ConnectionObserver;
  /** Writes bytes, in order. The owner calls `sent` with their number when they have left its buffers. */
  readonly send: (bytes: Buffer) => void;
  /**
   * How many bytes in front of those that are given to `send`, in the same ArrayBuffer, are the owner's to write to, for the
   * framing of its transport; so are the sent bytes themselves, until it has called `sent`. 0 unless given.
   */
  readonly headroomBytes?: number;
  /** Server role: announces extended CONNECT (RFC 8441). */
  readonly connectProtocol?: boolean;
  /** Server role: responses are sent in the order of the priorities that the client signals (RFC 9218). */
  readonly priorities?: boolean;
  /** Fields whose values are secret; see `HpackEncoderOptions`. */
  readonly neverIndexed?: ReadonlySet<string>;
  readonly limits?: Partial<ConnectionLimits>;
  /** Budgets that the peer spends besides those of this connection: of its address, for instance. The owner keeps them. */
  readonly sharedBudgets?: FloodGuard;
  /** What the peer may take time for; without limits by default. They are checked in `tick`. */
  readonly timeLimits?: Partial<TimeLimits>;
  /**
   * Server role: sends nothing before the client's preface has arrived. A peer that does not speak HTTP/2 then gets a close
   * and not a byte: `closed` with PROTOCOL_ERROR, and `send` was not called.
   */
  readonly awaitsPreface?: boolean;
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
  maxSendBytes: Number.POSITIVE_INFINITY,
  maxBlockedBytes: MAX_PENDING_BYTES,
  abuse: DEFAULT_ABUSE_LIMITS,
};

const SECRETS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie']);

const monotonicMs = () => performance.now();
const afterTurn = (run: () => void) => void setImmediate(run);

type CompleteOptions = Required<Omit<ConnectionOptions, 'sharedBudgets'>> &
  Pick<ConnectionOptions, 'sharedBudgets'> & { readonly limits: ConnectionLimits; readonly timeLimits: TimeLimits };

/** Passes on what observers have thrown, and throws nothing itself. */
export function reporterOf({ threw }: ConnectionObserver): (error: unknown) => void {
  return (error) => {
    try {
      if (threw !== undefined) threw(error);
      else process.emitWarning(error instanceof Error ? error : String(error));
    } catch {
      // reporting must not fail the connection
    }
  };
}

/** The options, with defaults for those that are absent. */
export function withDefaults(options: ConnectionOptions): CompleteOptions {
  return {
    connectProtocol: false,
    awaitsPreface: false,
    headroomBytes: 0,
    priorities: false,
    neverIndexed: SECRETS,
    now: monotonicMs,
    schedule: afterTurn,
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeLimits: { ...NO_TIME_LIMITS, ...options.timeLimits },
  };
}
