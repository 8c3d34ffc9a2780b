/** A link lasts no longer than the token that has opened it. */
import { PosternError } from '../../errors.js';
import type { OutboundLink } from '../../link/outbound-link.js';
import type { TokenGrant } from '../../link/token.js';

// The largest delay of a timer, 24.8 days. A token that lives longer is checked again at the next dial.
const MAX_TIMER_MS = 2_147_483_647;

/** Returns the timer, which ends nothing once the link has closed. */
export function closeAtExpiry({ expiresAtMs }: TokenGrant, link: OutboundLink): NodeJS.Timeout {
  const expired = () => link.destroy(new PosternError('ERR_TOKEN_INVALID', 'the token has expired'));
  return setTimeout(expired, Math.min(Math.max(0, expiresAtMs - Date.now()), MAX_TIMER_MS)).unref();
}
