/**
 * Limits for a connection of an unknown client, such as a browser. The defaults of `connection-options.ts` are for the two
 * ends of a link, which have authenticated each other. With these a connection holds at most 1 MiB of unread content,
 * 512 KiB of content that cannot be sent and one chunk more for each stream, and 3 MiB of request heads.
 */
import type { ConnectionLimits } from './connection-options.js';
import type { AbuseLimits } from './flood-guard.js';
import type { FlowLimits } from './flow/flow-control.js';
import type { TimeLimits } from './time-limits.js';

/** As many as browsers expect to be able to open, and no more. */
export const STRANGER_STREAMS = 100;

/** Cookies and a long URL fit (RFC 9113 section 6.5.2 counts 32 bytes more for each field). */
export const STRANGER_HEADER_LIST_BYTES = 32_768;

/** Unread bytes of a connection, and of one stream: `flow/buffer-shares.ts` gives a stream its initial window and half as much. */
export const STRANGER_UNREAD_BYTES = 1_048_576;
export const STRANGER_STREAM_BYTES = 262_144;

/** Bytes of a connection that wait to be sent, before each stream with any waits for its own. */
export const STRANGER_UNSENT_BYTES = 524_288;

const FLOW: FlowLimits = {
  initialStreamBytes: 131_072,
  maxStreamBytes: STRANGER_STREAM_BYTES,
  initialConnectionBytes: STRANGER_STREAM_BYTES,
  maxConnectionBytes: STRANGER_UNREAD_BYTES,
};

// A browser that leaves a page resets all of its streams at once.
const ABUSE: AbuseLimits = {
  resets: { burst: 1_000, perSecond: 20 },
  controlFrames: { burst: 1_000, perSecond: 50 },
  smallData: { burst: 20_000, perSecond: 2_000 },
  windowUpdates: { burst: 2_000, perSecond: 200 },
};

/** The owner adds the pools that connections share. */
export const STRANGER_LIMITS: ConnectionLimits = {
  maxStreams: STRANGER_STREAMS,
  maxHeaderListBytes: STRANGER_HEADER_LIST_BYTES,
  maxHeaderFields: 200,
  // A list somewhat too large still gets a response; it has to be read for that.
  maxFieldBlockBytes: 2 * STRANGER_HEADER_LIST_BYTES,
  flow: FLOW,
  maxSendBytes: STRANGER_UNSENT_BYTES,
  maxBlockedBytes: 1,
  abuse: ABUSE,
};

/**
 * The time limits of an unknown client. A client that does not read is not asked for a PING: what waits for it has to leave
 * at the rate of `stall`, which a paused download may fall below for minutes.
 */
export const STRANGER_TIME_LIMITS: TimeLimits = {
  prefaceMs: 10_000,
  frameMs: 20_000, // a full frame at 7 kbit/s
  settingsAckMs: 20_000,
  idleMs: 120_000,
  keepAliveMs: 60_000,
  pingMs: 60_000,
  finalGoawayMs: 2_000,
  drainMs: 30_000,
  closeMs: 5_000,
  stall: { ms: 600_000, minBytes: 65_536 },
};
