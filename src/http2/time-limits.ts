/**
 * How long a peer may take for what it owes, in milliseconds. `clocks.ts` checks them. The defaults have no limit: the owner
 * of a link has its own clocks.
 */

export interface TimeLimits {
  /** From the start to the peer's first frame, its SETTINGS (RFC 9113 section 3.4). */
  readonly prefaceMs: number;
  /** For one frame, and for one field block with all of its CONTINUATION frames. */
  readonly frameMs: number;
  /** For the acknowledgement of the SETTINGS that we began with (section 6.5.3). */
  readonly settingsAckMs: number;
  /** Without a stream, before the connection drains. */
  readonly idleMs: number;
  /** Without a byte from the peer, before a PING asks for one, and from the PING to the next byte. */
  readonly keepAliveMs: number;
  readonly pingMs: number;
  /** From the first GOAWAY of a drain to the final one, if the PING after the first is not acknowledged (section 6.8). */
  readonly finalGoawayMs: number;
  /** From the start of a drain to the end of the streams that run. */
  readonly drainMs: number;
  /** From the end of the connection to that of its transport. */
  readonly closeMs: number;
  /** What waits to be sent has to leave at this rate. */
  readonly stall: StallLimit;
}

/** At least `minBytes` in every `ms`, or all that waits if that is less. */
export interface StallLimit {
  readonly ms: number;
  readonly minBytes: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export const NO_TIME_LIMITS: TimeLimits = {
  prefaceMs: NEVER,
  frameMs: NEVER,
  settingsAckMs: NEVER,
  idleMs: NEVER,
  keepAliveMs: NEVER,
  pingMs: NEVER,
  finalGoawayMs: NEVER,
  drainMs: NEVER,
  closeMs: NEVER,
  stall: { ms: NEVER, minBytes: 0 },
};
