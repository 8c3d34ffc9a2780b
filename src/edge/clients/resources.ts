/**
 * Tunnels as protected resources of OAuth: the metadata that an OAuth client finds at a tunnel's host (RFC 9728), the challenge
 * that leads there, and the resource indicator (RFC 8707) with which it names the tunnel. Pure functions.
 */
import { type BaseAddress, classifyHost, tunnelOrigin } from '../../core/hostname.js';
import { OAuthError } from '../oauth/oauth-error.js';

/**
 * The name of the tunnel that a resource indicator means: its origin, with any path. Throws `invalid_target` for what is no
 * address of a tunnel of this edge.
 */
export function tunnelOfResource(resource: string, base: BaseAddress): string {
  const isFit = /^https?:\/\/[\x21-\x7e]+$/i.test(resource) && !/[#\\]/.test(resource) && URL.canParse(resource);
  const url = isFit ? new URL(resource) : undefined;
  const place = url && url.username === '' && url.password === '' ? classifyHost(url.hostname, base) : undefined;
  if (place?.kind !== 'tunnel' || url?.origin !== tunnelOrigin(base, place.name))
    throw new OAuthError('invalid_target', 'The resource is not the address of a tunnel of this edge.');
  return place.name;
}
