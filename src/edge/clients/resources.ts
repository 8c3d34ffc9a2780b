/** The resource indicator (RFC 8707) with which an OAuth client names the tunnel that it wants to use. A pure function. */
import { type BaseAddress, classifyHost, tunnelOrigin } from '../../core/hostname.js';
import { OAuthError } from '../oauth/oauth-error.js';

/**
 * The name of the tunnel whose address a resource indicator is, with any path: a token is for the whole tunnel. Throws
 * `invalid_target` for any other text. Whether there is such a tunnel, and whether it is open to clients, is not looked up.
 */
export function tunnelOfResource(resource: string, base: BaseAddress): string {
  const isFit = /^https?:\/\/[\x21-\x7e]+$/i.test(resource) && !/[#\\]/.test(resource) && URL.canParse(resource);
  const url = isFit ? new URL(resource) : undefined;
  const place = url && url.username === '' && url.password === '' ? classifyHost(url.hostname, base) : undefined;
  if (place?.kind !== 'tunnel' || url?.origin !== tunnelOrigin(base, place.name))
    throw new OAuthError('invalid_target', 'The resource is not the address of a tunnel of this edge.');
  return place.name;
}
