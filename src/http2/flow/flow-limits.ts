/** How far the windows that we open may grow, and what they start with; the pool of unread bytes that other connections share. */
import type { ReceivePool } from '../byte-pool.js';

export interface FlowLimits {
  /** What a stream starts with on a short path, and the most it grows to. */
  readonly initialStreamBytes: number;
  readonly maxStreamBytes: number;
  /** What a connection starts with, and the most that all its readers together may leave unread. */
  readonly initialConnectionBytes: number;
  readonly maxConnectionBytes: number;
  /** Shared with other connections, whose unread bytes count together. */
  readonly pool?: ReceivePool;
}

export const DEFAULT_FLOW_LIMITS: FlowLimits = {
  initialStreamBytes: 262_144,
  maxStreamBytes: 16_777_216,
  initialConnectionBytes: 1_048_576,
  maxConnectionBytes: 67_108_864,
};
