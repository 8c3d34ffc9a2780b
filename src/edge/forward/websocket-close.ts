/**
 * Ends a spliced WebSocket from the edge with a close frame (RFC 6455 section 5.5.1) instead of a bare hang-up, so that
 * the app's code in the browser can tell the end of a session (1008) and of a tunnel (1012) from a lost connection. The frames that pass
 * towards the visitor are not changed and not read but for their lengths: a frame can only be added between two others.
 */
import type { Duplex } from 'node:stream';
import { type Closing, closeFrame, FrameLengths } from '../../http/websocket.js';

/** The gate would no longer let the visitor in: policy violation. */
export const SESSION_ENDED: Closing = { code: 1008, reason: 'session ended' };

/** The agent went or was lost: service restart, which tells a page to come back. */
export const TUNNEL_LOST: Closing = { code: 1012, reason: 'tunnel lost' };

// A browser responds to a close frame at once; a client that does not is disconnected.
const RESPONSE_TIMEOUT_MS = 1_000;

/**
 * Follows the frames of a spliced WebSocket; returns the function that closes the visitor's side behind the current
 * frame. The target's side ends with it: `splice` sees to that.
 */
export function closeBehind(target: Duplex, visitor: Duplex): (closing: Closing) => void {
  const frames = new FrameLengths();
  target.on('data', (chunk: Buffer) => frames.pass(chunk));
  return (closing) => {
    target.unpipe(visitor);
    visitor.unpipe(target);
    // In the middle of a frame nothing can be said any more; hanging up is all that is left.
    if (!frames.isBetween || visitor.writableEnded) {
      visitor.destroy();
      return;
    }
    visitor.resume(); // bytes left unread would turn the close into a reset, and the frame could be lost with it
    visitor.end(closeFrame(closing));
    setTimeout(() => visitor.destroy(), RESPONSE_TIMEOUT_MS).unref();
  };
}
