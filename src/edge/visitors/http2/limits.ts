/** The limits of HTTP/2 connections with strangers: of one connection, of those of one network, and of all. */
import type { ConnectionLimits } from '../../../http2/connection-options.js';
import type { AbuseLimits } from '../../../http2/flood-guard.js';
import { STRANGER_LIMITS } from '../../../http2/stranger-limits.js';
import { MAX_HEADERS } from '../../request/limits.js';

/** A browser splits its cookies into fields, so their number has the bound of HTTP/1.1; their size has that of the engine. */
export const CONNECTION: ConnectionLimits = {
  ...STRANGER_LIMITS,
  maxHeaderFields: MAX_HEADERS,
  // A browser full of cookies gets a page that says so, and not a connection that ends: Chromium sends at most 256 KiB.
  maxFieldBlockBytes: 262_144,
};

/** What a request whose body is not here yet counts besides its head: the objects that read it hold several times as much. */
export const UNREAD_BODY_BYTES = 4_096;

/** What connections share: frames that cost more than they carry, and bytes that are held. */
export interface SharedLimits {
  readonly frames: AbuseLimits;
  readonly held: {
    /** Heads of requests until their responses have ended, with `UNREAD_BODY_BYTES` for each body that is still to come. */
    readonly heads: number;
    /** Frames and field blocks that are not whole. */
    readonly unfinished: number;
    /** Bodies of requests that no app reads. */
    readonly unread: number;
    /** Responses that no visitor reads. */
    readonly unsent: number;
  };
}

/** Of one network: an office of some fifty browsers behind one address. */
export const OF_NETWORK: SharedLimits = {
  frames: {
    resets: { burst: 5_000, perSecond: 200 },
    controlFrames: { burst: 20_000, perSecond: 1_000 },
    smallData: { burst: 200_000, perSecond: 40_000 },
    windowUpdates: { burst: 40_000, perSecond: 4_000 },
  },
  held: { heads: 8_388_608, unfinished: 2_097_152, unread: 16_777_216, unsent: 16_777_216 },
};

/** Of all: eight such networks at their worst, and more of those that behave. */
export const OF_ALL: SharedLimits = {
  frames: {
    resets: { burst: 50_000, perSecond: 5_000 },
    controlFrames: { burst: 500_000, perSecond: 50_000 },
    smallData: { burst: 2_000_000, perSecond: 400_000 },
    windowUpdates: { burst: 1_000_000, perSecond: 200_000 },
  },
  held: { heads: 67_108_864, unfinished: 33_554_432, unread: 134_217_728, unsent: 134_217_728 },
};
