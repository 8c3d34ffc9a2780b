/** How far the windows that we open may grow, and what they start with; the pool of unread bytes that other connections share. */
import type { ReceivePool } from './receive-pool.js';

export interface FlowLimits {
  /** What a stream starts with on a short path, and the most it grows to. */
  readonly streamStartBytes: number;
  readonly streamMostBytes: number;
  /** What a connection starts with, and the most that all its readers together may leave unread. */
  readonly connectionStartBytes: number;
  readonly connectionMostBytes: number;
  /** Shared with other connections, whose unread bytes count together. */
  readonly pool?: ReceivePool;
}

export const DEFAULT_FLOW_LIMITS: FlowLimits = {
  streamStartBytes: 262_144,
  streamMostBytes: 16_777_216,
  connectionStartBytes: 1_048_576,
  connectionMostBytes: 67_108_864,
};
