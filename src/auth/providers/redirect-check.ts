/**
 * Whether a provider knows the redirect URI, as far as that can be told without a visitor: a provider must not redirect to one
 * that is not registered (RFC 6749 section 4.1.2.1), and with `prompt=none` it redirects there at once (OpenID Connect Core
 * section 3.1.2.6).
 */

// Google leads to a page of its own, whose query begins so.
const ERROR_PAGE = /\/oauth\/error\?/;

/** Sends an authorization request that shows no page. Undefined also when the response means neither. */
export async function redirectFinding(
  authorizationUrl: string,
  redirectUri: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const url = new URL(authorizationUrl);
  if (url.searchParams.has('request_uri')) return undefined; // pushed before, with its own `prompt` (RFC 9126)
  url.searchParams.set('prompt', 'none');
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    const leadsTo = response.headers.get('location') ?? '';
    if (response.status !== 400 && !ERROR_PAGE.test(leadsTo)) return undefined;
    return `the identity provider does not take the redirect URI: register ${redirectUri} there, byte for byte`;
  } catch {
    return undefined; // that it cannot be reached is found by discovery
  }
}
