/**
 * Where the authorization response of an OAuth client may go: an https address, or a port of the browser's own machine
 * (RFC 8252 section 7.3). Addresses are compared as text, never parsed and repaired.
 */

/** The longest redirect URI. */
export const MAX_REDIRECT_URI_CHARS = 256;

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::([1-9]\d{0,4}))?(\/[\w.~!$&'()*+,;=:@%/?-]*)?$/;
const HTTPS = /^https:\/\/[a-z0-9.-]+(?::[1-9]\d{0,4})?(?:\/[\w.~!$&'()*+,;=:@%/?-]*)?$/i;

/** Whether a client may name this one: no user information, no fragment, no scheme of an app's own. */
export function isRedirectUri(text: string): boolean {
  if (text.length > MAX_REDIRECT_URI_CHARS) return false;
  if (LOOPBACK.test(text)) return Number(LOOPBACK.exec(text)?.[2] ?? 80) <= 65_535;
  return HTTPS.test(text) && URL.canParse(text);
}

/** Whether it leads to a program on the machine of the browser. */
export function isLoopbackUri(text: string): boolean {
  return LOOPBACK.test(text);
}

/**
 * Whether a request may name this one, given those of its client: exactly one of them, but for the port of a loopback address,
 * which a program gets from its system when it starts.
 */
export function matchesRedirectUri(registered: readonly string[], requested: string): boolean {
  if (!isRedirectUri(requested)) return false;
  const anyPort = withoutPort(requested);
  return registered.some((uri) => uri === requested || (anyPort !== undefined && withoutPort(uri) === anyPort));
}

/** Host, and a port that is not the scheme's own: what a person is shown. */
export function hostOfUri(text: string): string {
  return new URL(text).host;
}

function withoutPort(uri: string): string | undefined {
  const [, host, , path = ''] = LOOPBACK.exec(uri) ?? [];
  return host === undefined ? undefined : `${host} ${path}`;
}
