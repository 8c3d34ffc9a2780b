/** Problems with an identity provider that can be found before the first sign-in, as sentences with the remedy. Each is true of the flat options and of the keys below `providers:`. */
import { CLOCK_TOLERANCE_SECONDS } from './claims.js';

export const SECRET_REFUSED =
  'the identity provider does not accept the client id with the client secret: copy both anew from its console';

export const KEY_REFUSED =
  'the identity provider does not accept the client id with the client key: register the public half of this very key there';

/** How far this machine's clock is from a `Date` of the provider (RFC 9110 section 6.6.1); undefined when it is right. */
export function clockFinding(date: string | null, nowMs: number): string | undefined {
  const seconds = date === null ? 0 : Math.round((nowMs - Date.parse(date)) / 1000);
  // A date has a precision of one second, and the response took a moment. NaN: not a date.
  if (!(Math.abs(seconds) > CLOCK_TOLERANCE_SECONDS)) return undefined;
  const way = seconds > 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${Math.abs(seconds)} seconds ${way} the identity provider's: sign-ins fail until it is set`;
}
