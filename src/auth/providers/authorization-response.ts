/** The URL of an authorization response (RFC 6749 section 4.1.2), of which only the query comes from outside. */
import { invalidResponse } from './errors.js';

/** The redirect URI as it is configured, never derived from a `Host` header, with the query. Throws `ERR_LOGIN_FAILED`. */
export function responseUrl(redirectUri: string, { searchParams, search }: URL): URL {
  if (new Set(searchParams.keys()).size < searchParams.size) throw invalidResponse('it has a parameter twice');
  const url = new URL(redirectUri);
  url.search = search;
  return url;
}
