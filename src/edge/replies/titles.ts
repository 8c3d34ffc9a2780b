/** The headings of the pages that report an error. */
import type { ErrorCode } from '../../errors.js';

const TITLES: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_LOGIN_FAILED: 'Sign-in failed',
  ERR_LOGIN_REQUIRED: 'Sign in first',
  ERR_ACCESS_TOKEN_INVALID: 'Access token not valid',
  ERR_ACCESS_DENIED: 'Access denied',
  ERR_CROSS_SITE: 'Asked for by another site',
  ERR_READ_ONLY: 'Only to look at',
  ERR_TUNNEL_FULL: 'Full right now',
  ERR_NOT_FOUND: 'Nothing here',
  ERR_TUNNEL_UNKNOWN: 'No tunnel here',
  ERR_RATE_LIMITED: 'Too many attempts',
  ERR_LINK_LOST: 'Connection lost',
  ERR_TARGET_REFUSED: 'The app is not running',
  ERR_TARGET_PROTOCOL: 'The app gave no valid answer',
  ERR_TARGET_TLS: 'The app cannot be reached over TLS',
  ERR_TUNNEL_BUSY: 'Busy',
  ERR_TUNNEL_OFFLINE: 'Offline right now',
  ERR_STORE_UNAVAILABLE: 'This is not possible right now',
  ERR_PROVIDER_UNAVAILABLE: 'Sign-in is not possible right now',
  ERR_TARGET_TIMEOUT: 'The app did not answer in time',
};

export function titleOf(code: ErrorCode): string {
  return TITLES[code] ?? 'This did not work';
}
